/* What a recorder in C would cost: the hot path of tfmodetrace/record/calls.py, as far as it can be measured, and nothing else of it.
   It reads shapes and dtypes with the same methods of TensorFlow, finds the signature's number in a dict, and writes a row of 56 bytes.
   Not part of the package: no session, no errors, no threads. benchmarks/native.py builds and measures it. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <time.h>

typedef struct {
  long long start_ns, duration_ns, call_id, parent_id;
  int function_id, signature_id, trace_id;
  unsigned short depth;
  unsigned char mode, flags;
} Row;

typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *function, *signature_ids;
} Recorded;

enum { CAPACITY = 1 << 16 };
static Row *rows;
static size_t row_count;
static long long next_id, current_id = -1;
static int depth, recording;
static PyObject *tensor_type, *shape_of, *dtype_of;

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int signature_id(Recorded *recorded, PyObject *const *arguments, Py_ssize_t count) {
  PyObject *key = PyTuple_New(2 * count);
  for (Py_ssize_t i = 0; i < count; i++) {
    int tensor = (PyObject *)Py_TYPE(arguments[i]) == tensor_type;
    PyTuple_SET_ITEM(key, 2 * i, tensor ? PyObject_CallOneArg(shape_of, arguments[i]) : Py_NewRef(arguments[i]));
    PyTuple_SET_ITEM(key, 2 * i + 1, tensor ? PyObject_CallOneArg(dtype_of, arguments[i]) : Py_NewRef(Py_None));
  }
  PyObject *number = PyDict_GetItem(recorded->signature_ids, key);
  if (number == NULL) {
    number = PyLong_FromSsize_t(PyDict_Size(recorded->signature_ids));
    PyDict_SetItem(recorded->signature_ids, key, number);
    Py_DECREF(number);
  }
  Py_DECREF(key);
  return (int)PyLong_AsLong(number);
}

static PyObject *call(PyObject *self, PyObject *const *arguments, size_t flags, PyObject *names) {
  Recorded *recorded = (Recorded *)self;
  if (!recording) return PyObject_Vectorcall(recorded->function, arguments, flags, names);
  int signature = signature_id(recorded, arguments, PyVectorcall_NARGS(flags));
  long long call_id = next_id++, parent_id = current_id;
  current_id = call_id;
  int own_depth = depth++;
  long long start_ns = now_ns();
  PyObject *result = PyObject_Vectorcall(recorded->function, arguments, flags, names);
  long long end_ns = now_ns();
  depth = own_depth;
  current_id = parent_id;
  rows[row_count++ % CAPACITY] =
      (Row){start_ns, end_ns - start_ns, call_id, parent_id, 0, signature, -1, (unsigned short)own_depth, 0, result == NULL};
  return result;
}

static PyTypeObject RecordedType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "native_prototype.Recorded",
    .tp_basicsize = sizeof(Recorded),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Recorded, vectorcall),
};

static PyObject *traced(PyObject *module, PyObject *function) {
  Recorded *recorded = PyObject_New(Recorded, &RecordedType);
  recorded->vectorcall = call;
  recorded->function = Py_NewRef(function);
  recorded->signature_ids = PyDict_New();
  return (PyObject *)recorded;
}

static PyObject *record(PyObject *module, PyObject *on) {
  recording = PyObject_IsTrue(on);
  Py_RETURN_NONE;
}

static PyObject *use_tensor_type(PyObject *module, PyObject *type) {
  tensor_type = Py_NewRef(type);
  shape_of = PyObject_GetAttrString(type, "_shape_tuple");
  dtype_of = PyObject_GetAttrString(type, "_datatype_enum");
  Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"traced", traced, METH_O}, {"record", record, METH_O}, {"use_tensor_type", use_tensor_type, METH_O}, {0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "native_prototype", NULL, -1, methods};

PyMODINIT_FUNC PyInit_native_prototype(void) {
  rows = calloc(CAPACITY, sizeof(Row));
  return PyType_Ready(&RecordedType) < 0 ? NULL : PyModule_Create(&definition);
}
