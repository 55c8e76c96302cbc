"""The TensorBoard plugin: routes over ``tfmodetrace.log`` and ``tfmodetrace.insight``. No TensorFlow, no analysis of its own."""
