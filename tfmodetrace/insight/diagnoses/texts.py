"""Why each kind of failure happens, by mode, and what is different in the other mode."""

from __future__ import annotations

from typing import Final

from tfmodetrace.schema import words

_SYMBOLIC: Final = (
    "While a function is traced, its tensors are symbolic: they stand for values that the graph will have when it runs, and have none yet."
)

WHY: Final[dict[words.DiagnosisId, dict[str, str]]] = {
    "symbolic-to-numpy": {
        "": _SYMBOLIC + " There is nothing that could be turned into a NumPy array or a Python number.",
    },
    "numpy-in-graph": {
        "": _SYMBOLIC + " NumPy and Python's math compute with values at once, so they cannot take them.",
    },
    "symbolic-bool": {
        "": _SYMBOLIC
        + " Python's `if`, `while`, `and`, `or`, `not` and `assert` need an answer now. AutoGraph turns `if` and `while` into ops of "
        "the graph, but not in functions it does not convert: with autograph=False, in Keras layers' call, in libraries.",
    },
    "symbolic-iteration": {
        "": _SYMBOLIC
        + " Python's loops, comprehensions and unpacking need the elements now. AutoGraph converts only `for` statements, in functions "
        "it converts.",
    },
    "unknown-static-shape": {
        "": "While a function is traced for shapes with None, `x.shape` says only what is known of every call: None stands for "
        "a size that the graph learns when it runs. tf.shape(x) is that size, as a tensor.",
    },
    "item-assignment": {
        "": "Tensors never change: ops make new ones. So there is no x[i] = value; a tf.Variable can be assigned to.",
    },
    "variable-created-in-function": {
        "": "A tf.function may make variables only the first time it is traced, and TensorFlow traces it a second time at once "
        "to see that it makes no more. A graph that made a new variable whenever it runs would forget its value each time.",
    },
    "graph-tensor-leak": {
        "": "A symbolic tensor belongs to the graph in whose trace it was made. Kept in a list, a global or self, it outlives "
        "the trace, and outside its graph it stands for nothing.",
    },
    "unhashable-argument": {
        "": "tf.function finds a trace by its arguments: Python objects are part of the key by hash and identity. What cannot "
        "be hashed, because it may change, cannot be part of it.",
    },
    "input-signature-mismatch": {
        "": "With an input_signature, a tf.function has one graph for exactly these dtypes and shapes; an argument that does "
        "not fit is refused instead of traced for.",
    },
    "dtype-mismatch": {
        "": "TensorFlow's ops take tensors of one dtype and convert none by themselves. A Python number takes the dtype of the "
        "tensor beside it where it fits; a tensor or a NumPy array keeps its own.",
    },
    "shape-mismatch": {
        "tracing": "While the graph is built, TensorFlow already compares the dimensions that are known.",
        "graph": "The dimensions were not known when the function was traced, so they are compared when the graph runs.",
        "": "An op checks the shapes of its inputs when it runs.",
    },
    "condition-not-scalar": {
        "": "An `if`, a `while` or `a if condition else b` takes one way or the other, so its condition must be one True or False. A "
        "comparison of tensors gives one for each element.",
    },
    "undefined-in-branch": {
        "": "A condition on a tensor becomes an op of the graph that has both branches in it, and both must give the same "
        "variables: which one runs is known only later.",
    },
    "branch-mismatch": {
        "": "A condition on a tensor becomes an op of the graph with both branches in it. Its results have one dtype and "
        "structure, whichever branch runs.",
    },
    "loop-invariant": {
        "": "A loop over tensors becomes one op of the graph, whose body is traced once. So its variables must keep dtype, "
        "structure and, unless told otherwise, shape from turn to turn.",
    },
    "tracing-recursion": {
        "": "A condition on a tensor is not known while tracing, so both branches are traced, also the one in which the "
        "function calls itself: that never ends. TensorFlow's graphs have loops, but no recursion.",
    },
    "keras-input-shape": {
        "": "A layer fixes the shape of its weights when it is built, and takes only inputs that fit them.",
    },
    "keras-loss-shape": {
        "": "The loss compares labels with predictions one by one. Sparse losses take labels as numbers; categorical ones take "
        "them one-hot; binary ones take one label for each output.",
    },
    "keras-unexpected-argument": {
        "": "Keras passes no arguments on that it does not know, so that a misspelt one is noticed.",
    },
    "label-out-of-range": {
        "": "A label or index is a place in the rows or outputs of a layer; on a CPU, TensorFlow checks that it is there.",
    },
    "kerastensor-in-tf-op": {
        "": "While a functional model is put together, there are only KerasTensors: placeholders that note which Keras "
        "operations are to run. TensorFlow's functions need tensors.",
    },
    "xla-unsupported-op": {
        "": "jit_compile=True has XLA make one program of the whole function, and fails if it knows no way to compile one of "
        "the ops, such as those on strings.",
    },
    "device-not-found": {
        "": "The program asks for a device by name. With soft placement TensorFlow takes another one where that is missing; it "
        "is switched off here.",
    },
    "out-of-memory": {
        "": "The device's allocator has no block of that size left.",
    },
    "non-finite-value": {
        "": "Logarithms and roots of what is not positive, divisions by zero, and overflow give NaN or infinity, which spread "
        "to everything that is computed from them.",
    },
    "gradient-none": {
        "": "The tape has found no way from the loss back to the variables: what lies outside the tape, goes through NumPy or "
        "whole numbers, or does not use the variables at all, has no gradient.",
    },
    "optimizer-unknown-variable": {
        "": "A Keras optimizer keeps its own state for each variable that it was built with, and takes no others afterwards.",
    },
    "version-conflict": {
        "": "The installed packages were not made for each other.",
    },
    "removed-api": {"": "The name is of an older TensorFlow or Keras, and not of the one that is installed."},
    "unsupported-data": {
        "": "A tensor is a block of numbers, or of strings, equally long in every dimension; Keras's models compute with numbers."
    },
    "keras-saving": {
        "": "A file of Keras 3 holds a model's configuration and weights, and no code: what the program itself defines "
        "must be known when it is loaded."
    },
    "keras-fit-usage": {
        "": "Keras puts the training together of what compile() and fit() are given, and these must go together with the model."
    },
    "keras-not-built": {
        "": "A model makes its weights when the shape of its input is known: from keras.Input, or from the first data it is called with."
    },
    "keras-not-a-layer": {
        "": "A model is made of layers of the same Keras; anything else has no weights and shapes that it could ask for."
    },
    "keras-output-shape": {
        "": "While a model is put together, Keras calls each layer with a symbolic tensor to see what comes out, and that has failed here."
    },
    "index-out-of-range": {"": "On a CPU, TensorFlow checks that there is what an index points to."},
    "tensor-as-index": {
        "": "In brackets a tensor takes numbers and slices; Python's lists take Python's numbers, and a symbolic tensor is none yet."
    },
    "numpy-method-on-tensor": {"": "Tensors are no NumPy arrays and no strings: what is a method there is a function in TensorFlow."},
    "declared-type-mismatch": {"": "What a Python function returns is not known to a graph, so it is declared, and checked when it comes."},
    "distribution-scope": {
        "": "A strategy keeps a copy of each variable for every device, if it knows of it: if it was made in its scope."
    },
    "tape-used-twice": {"": "A tape forgets what it has recorded with the first gradients it is asked for, to free the memory."},
    "v1-api-in-eager": {"": "TensorFlow 1 builds a graph and runs it in a session; TensorFlow 2 runs every line at once."},
    "v1-session": {"": "A session runs what it is asked for, with the values that variables and placeholders were given in it."},
    "bad-input-file": {"": "The op reads or decodes when it runs, and finds something else than the program expects."},
    "untracked-resource": {"": "A SavedModel holds the variables and tables that are attributes of what is saved, and no others."},
    "checkpoint-mismatch": {"": "Weights are saved and loaded by their place in the model and their shape, and must find both again."},
    "autograph-limitation": {
        "": "AutoGraph writes the function's Python anew, so that its conditions and loops on tensors become part of the graph. Not all "
        "of Python can be written so."
    },
    "tensorarray-use": {
        "": "A tf.TensorArray holds tensors of one dtype and, unless told otherwise, one shape, to be written and read one by one; every "
        "write gives a new one back, and stack() makes a tensor of it."
    },
}
"""By id, then by mode; the empty mode is for every other."""

ADVICE: Final[dict[words.DiagnosisId, str]] = {
    "tracing-recursion": "Write a loop, which becomes part of the graph.",
    "graph-tensor-leak": "Return what is needed outside in place of keeping it in a list, a global or self; keep a value between calls in "
    "a tf.Variable that the function assigns to.",
    "gradient-none": "Compute everything from the variables to the loss inside of the tape and in floating point: no .numpy(), no cast to "
    "whole numbers, no argmax or round on the way.",
    "optimizer-unknown-variable": "Make a new optimizer for every model, and build it with all the variables that it is to change.",
    "shape-mismatch": "Print both operands' shapes just before the line, with print(a.shape, b.shape), and make them equal, or 1.",
    "dtype-mismatch": "Cast one operand to the dtype of the other with tf.cast, or begin with a number of that dtype.",
    "keras-input-shape": "Compare model.summary() with x.shape, and give keras.Input the shape of one sample.",
    "version-conflict": "Run `tfmodetrace doctor`, which says which versions are installed and which go together.",
    "unclassified": "Look at the line, the types of its variables and the message.",
}
"""What to do, by id, where a rule says nothing of its own."""

_VALUES_EAGERLY: Final = "Run eagerly, the same line works: there the tensor has a value."
_SAME_IN_BOTH: Final = "It fails in both modes, eagerly when the line runs, in a graph while it is traced."

DIFFERENCE: Final[dict[words.DiagnosisId, str]] = {
    "symbolic-to-numpy": _VALUES_EAGERLY,
    "numpy-in-graph": _VALUES_EAGERLY + " It would also run once, while tracing, and never again.",
    "symbolic-bool": _VALUES_EAGERLY,
    "symbolic-iteration": _VALUES_EAGERLY,
    "unknown-static-shape": "Eagerly, every dimension of x.shape is known.",
    "item-assignment": "It fails in both modes.",
    "variable-created-in-function": "Eagerly, every call makes a new variable, and nobody complains.",
    "graph-tensor-leak": "Eagerly, the same code keeps tensors with values, which may be used anywhere.",
    "unhashable-argument": "Called eagerly, the function needs no key.",
    "input-signature-mismatch": "Eagerly, there is no input_signature, and the argument is taken as it is.",
    "dtype-mismatch": _SAME_IN_BOTH,
    "shape-mismatch": "Eagerly, the shapes are compared when the line runs; in a graph while tracing, as far as they are known, "
    "else when it runs.",
    "condition-not-scalar": "It fails in both modes, eagerly when the line runs; in a graph an `if` or `while` fails while it is traced, "
    "`a if condition else b` and tf.cond when the graph runs.",
    "undefined-in-branch": "Eagerly, only the branch that is taken runs, and the other need not define anything.",
    "branch-mismatch": "Eagerly, only one branch runs, and may give what it likes.",
    "loop-invariant": "Eagerly, Python's loop runs turn by turn, and its variables may change in any way.",
    "tracing-recursion": "Eagerly, the condition has a value, and the recursion ends.",
    "kerastensor-in-tf-op": "Called with tensors, eagerly or in a graph, the same line works.",
    "xla-unsupported-op": "Without jit_compile, eagerly and in a graph, the op runs.",
    "label-out-of-range": "On a GPU, TensorFlow does not check: the loss is NaN, the row of the embedding zero.",
    "gradient-none": "It fails in both modes.",
    "autograph-limitation": "Eagerly, nothing is converted, and all of Python works.",
}
"""By id; others are the same in every mode."""
