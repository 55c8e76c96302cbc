"""What is on disk: messages, the columnar codec, type trees and the closed vocabularies. No TensorFlow."""
