/* The recorder's hot path in C: what calls.py does with a call of a known function, of a known signature, in a known thread.

   It is optional, and calls.py is the reference. record_call takes the common case and declines every other one before it has changed
   anything, whereupon the caller goes the way in Python. What a call, a thread and a function have for the hot path are structs here, whose
   members Python code reads and writes under the names that it knows; functions.py and states.py say what they are.

   Everything here relies on the global interpreter lock: no Python code runs between two statements but where a comment says so. So a
   signal handler, which is Python code, cannot interrupt a call's begin or end, and an exception out of one cannot either. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <structmember.h>
#include <time.h>

#if defined(Py_GIL_DISABLED) || PY_BIG_ENDIAN
#error "made for one global interpreter lock and little-endian machines; the recorder works without this"
#endif

/* As calls.ROW_DTYPE has it. */
typedef struct {
  int64_t start_ns, duration_ns, call_id, parent_id;
  int32_t function_id, signature_id, trace_id;
  uint16_t depth;
  uint8_t mode, flags;
} Row;

_Static_assert(sizeof(Row) == 48, "a row is packed");

enum { INTERFACE = 8, MOST_DEPTH = UINT16_MAX, MOST_RECORDED_DEPTH = 400, MOST_TENSORS = 16, MOST_SPARE_CALLS = 32, MOST_ARGUMENTS = 16, KNOWN_CLASSES = 64, GIVE_WAY_ROWS = 2048, FREE_NS = 20000, BRIEFLY_US = 50, EAGER = 0 };

/* Given by configure. */
static PyObject *tensor_type, *shape_method, *dtype_method, *array_type;
static PyCFunction shape_function, dtype_function;
static const PyGetSetDef *array_dtype, *array_shape;
static PyObject *state, *execution_modes, *eager_runs, *unconverted_code, *method_target_code;
static PyObject *value_key_in_python, *enter_in_python, *leave_in_python, *not_begun_in_python;
static PyObject *runs_eagerly_in_python, *converted_call, *options_of_in_python;

/* TensorFlow's own: negative while no profiler listens to it. */
static const volatile int no_profiler = -1, *profiler_level = &no_profiler;

static PyObject *run_eagerly_name, *stack_name, *default_mode_name, *dtype_name, *shape_name, *nan_text, *one, *thread_key, *options_name;

static int64_t now_ns(void) {
#if PY_VERSION_HEX >= 0x030D0000
  PyTime_t now = 0;
  (void)PyTime_PerfCounterRaw(&now);
  return now;
#else
  return _PyTime_GetPerfCounter();
#endif
}

/* --- A function --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  PyObject *session, *sampler, *signature_ids;
  /* The key met last, its number, and the table in which that holds: most functions are called with one signature again and again. */
  PyObject *last_table, *last_key;
  int last_id;
  int function_id;
  char skip_first, takes_tensors, tells_literals_apart;
} Function;

static int function_traverse(Function *self, visitproc visit, void *arg) {
  Py_VISIT(self->session);
  Py_VISIT(self->sampler);
  Py_VISIT(self->signature_ids);
  Py_VISIT(self->last_table);
  Py_VISIT(self->last_key);
  return 0;
}

static int function_clear(Function *self) {
  Py_CLEAR(self->session);
  Py_CLEAR(self->sampler);
  Py_CLEAR(self->signature_ids);
  Py_CLEAR(self->last_table);
  Py_CLEAR(self->last_key);
  return 0;
}

static void function_dealloc(Function *self) {
  PyObject_GC_UnTrack(self);
  function_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMemberDef function_members[] = {
    {"session", T_OBJECT, offsetof(Function, session), 0, NULL},
    {"sampler", T_OBJECT, offsetof(Function, sampler), 0, NULL},
    {"signature_ids", T_OBJECT_EX, offsetof(Function, signature_ids), 0, NULL},
    {"function_id", T_INT, offsetof(Function, function_id), 0, NULL},
    {"skip_first", T_BOOL, offsetof(Function, skip_first), 0, NULL},
    {"takes_tensors", T_BOOL, offsetof(Function, takes_tensors), 0, NULL},
    {"tells_literals_apart", T_BOOL, offsetof(Function, tells_literals_apart), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject FunctionType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.FunctionState",
    .tp_basicsize = sizeof(Function),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_traverse = (traverseproc)function_traverse,
    .tp_clear = (inquiry)function_clear,
    .tp_dealloc = (destructor)function_dealloc,
    .tp_members = function_members,
};

/* --- The numbers of calls ------------------------------------------------------------------------------------------------------------ */

typedef struct {
  PyObject_HEAD
  int64_t next;
} Numbers;

static PyObject *numbers_call(Numbers *self, PyObject *args, PyObject *kwargs) { return PyLong_FromLongLong(self->next++); }

static PyTypeObject NumbersType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.CallNumbers",
    .tp_basicsize = sizeof(Numbers),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_call = (ternaryfunc)numbers_call,
};

/* --- An open call -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
  PyObject_HEAD
  PyObject *calls, *outer, *info, *sample, *profiled;
  int64_t call_id, parent_id, start_ns;
  int depth, signature_id, mode, flags, caused_trace;
  char is_open, trace_failed;
} Call;

static int call_traverse(Call *self, visitproc visit, void *arg) {
  Py_VISIT(self->calls);
  Py_VISIT(self->outer);
  Py_VISIT(self->info);
  Py_VISIT(self->sample);
  Py_VISIT(self->profiled);
  return 0;
}

static int call_clear(Call *self) {
  Py_CLEAR(self->calls);
  Py_CLEAR(self->outer);
  Py_CLEAR(self->info);
  Py_CLEAR(self->sample);
  Py_CLEAR(self->profiled);
  return 0;
}

/* Calls that have ended, for the next ones: taking one neither allocates nor counts towards a garbage collection. */
static Call *spare_calls[MOST_SPARE_CALLS];
static int spare_call_count;

static void call_dealloc(Call *self) {
  PyObject_GC_UnTrack(self);
  call_clear(self); /* may run Python code */
  if (spare_call_count < MOST_SPARE_CALLS)
    spare_calls[spare_call_count++] = self;
  else
    PyObject_GC_Del(self);
}

static PyMemberDef call_members[] = {
    {"calls", T_OBJECT_EX, offsetof(Call, calls), 0, NULL},
    {"outer", T_OBJECT_EX, offsetof(Call, outer), 0, NULL},
    {"info", T_OBJECT, offsetof(Call, info), 0, NULL},
    {"sample", T_OBJECT, offsetof(Call, sample), 0, NULL},
    {"profiled", T_OBJECT, offsetof(Call, profiled), 0, NULL},
    {"call_id", T_LONGLONG, offsetof(Call, call_id), 0, NULL},
    {"parent_id", T_LONGLONG, offsetof(Call, parent_id), 0, NULL},
    {"start_ns", T_LONGLONG, offsetof(Call, start_ns), 0, NULL},
    {"depth", T_INT, offsetof(Call, depth), 0, NULL},
    {"signature_id", T_INT, offsetof(Call, signature_id), 0, NULL},
    {"mode", T_INT, offsetof(Call, mode), 0, NULL},
    {"flags", T_INT, offsetof(Call, flags), 0, NULL},
    {"caused_trace", T_INT, offsetof(Call, caused_trace), 0, NULL},
    {"is_open", T_BOOL, offsetof(Call, is_open), 0, NULL},
    {"trace_failed", T_BOOL, offsetof(Call, trace_failed), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject CallType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.OpenCall",
    .tp_doc = "A call that has begun; see states.OpenCall.",
    .tp_basicsize = sizeof(Call),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = PyType_GenericNew,
    .tp_traverse = (traverseproc)call_traverse,
    .tp_clear = (inquiry)call_clear,
    .tp_dealloc = (destructor)call_dealloc,
    .tp_members = call_members,
};

/* Untracked: as long as its frame of record_call lives it cannot be garbage. A collection may run Python code. */
static Call *new_call(void) {
  if (spare_call_count > 0) {
    Call *call = spare_calls[--spare_call_count];
    PyObject_Init((PyObject *)call, &CallType);
    call->sample = call->profiled = NULL;
    return call;
  }
  Call *call = PyObject_GC_New(Call, &CallType);
  if (call != NULL) call->calls = call->outer = call->info = call->sample = call->profiled = NULL;
  return call;
}

/* Gives up record_call's own reference. */
static void release_call(Call *call) {
  if (Py_REFCNT(call) > 1 && !PyObject_GC_IsTracked((PyObject *)call)) PyObject_GC_Track(call);
  Py_DECREF(call);
}

/* --- A thread ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
  PyObject_HEAD
  PyObject *session, *innermost, *rows, *next_call_id;
  PyObject *graphs; /* the thread's own attributes of TensorFlow's stack of graphs; None where this TensorFlow has no such */
  Py_ssize_t most_rows, wake_rows, dropped;
  char busy, traces_hooked;
} Calls;

/* Whose calls were asked for last: the thread (its id is never given again, as its address may be) and they. Not owned. */
static PyThreadState *known_thread;
static uint64_t known_thread_id;
static Calls *known_calls;

static int calls_traverse(Calls *self, visitproc visit, void *arg) {
  Py_VISIT(self->session);
  Py_VISIT(self->innermost);
  Py_VISIT(self->rows);
  Py_VISIT(self->next_call_id);
  Py_VISIT(self->graphs);
  return 0;
}

static int calls_clear(Calls *self) {
  Py_CLEAR(self->session);
  Py_CLEAR(self->innermost);
  Py_CLEAR(self->rows);
  Py_CLEAR(self->next_call_id);
  Py_CLEAR(self->graphs);
  return 0;
}

static void calls_dealloc(Calls *self) {
  if (known_calls == self) known_calls = NULL;
  PyObject_GC_UnTrack(self);
  calls_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMemberDef calls_members[] = {
    {"session", T_OBJECT_EX, offsetof(Calls, session), 0, NULL},
    {"innermost", T_OBJECT_EX, offsetof(Calls, innermost), 0, NULL},
    {"rows", T_OBJECT_EX, offsetof(Calls, rows), 0, NULL},
    {"next_call_id", T_OBJECT_EX, offsetof(Calls, next_call_id), 0, NULL},
    {"graphs", T_OBJECT, offsetof(Calls, graphs), 0, NULL},
    {"most_rows", T_PYSSIZET, offsetof(Calls, most_rows), 0, NULL},
    {"wake_rows", T_PYSSIZET, offsetof(Calls, wake_rows), 0, NULL},
    {"dropped", T_PYSSIZET, offsetof(Calls, dropped), 0, NULL},
    {"busy", T_BOOL, offsetof(Calls, busy), 0, NULL},
    {"traces_hooked", T_BOOL, offsetof(Calls, traces_hooked), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyTypeObject CallsType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.ThreadState",
    .tp_basicsize = sizeof(Calls),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_traverse = (traverseproc)calls_traverse,
    .tp_clear = (inquiry)calls_clear,
    .tp_dealloc = (destructor)calls_dealloc,
    .tp_members = calls_members,
};

/* What stands for threading.local: the one attribute `calls`, kept where the interpreter has each thread's own things, which dies with it. */
typedef struct {
  PyObject_HEAD
} Local;

/* The calling thread's calls, borrowed; NULL without an exception if it has none. */
static Calls *thread_calls(void) {
  PyThreadState *thread = PyThreadState_Get();
  if (known_calls != NULL && thread == known_thread && PyThreadState_GetID(thread) == known_thread_id) return known_calls;
  PyObject *own = PyThreadState_GetDict();
  PyObject *found = own == NULL ? NULL : PyDict_GetItemWithError(own, thread_key);
  if (found == NULL) {
    PyErr_Clear();
    return NULL;
  }
  known_thread = thread;
  known_thread_id = PyThreadState_GetID(thread);
  known_calls = (Calls *)found;
  return known_calls;
}

static PyObject *local_get_calls(PyObject *self, void *closure) {
  Calls *calls = thread_calls();
  if (calls == NULL) PyErr_SetString(PyExc_AttributeError, "calls");
  return Py_XNewRef((PyObject *)calls);
}

static int local_set_calls(PyObject *self, PyObject *calls, void *closure) {
  PyObject *own = PyThreadState_GetDict();
  if (calls == NULL || own == NULL || !PyObject_TypeCheck(calls, &CallsType)) {
    PyErr_SetString(PyExc_TypeError, "a thread's calls are a ThreadState");
    return -1;
  }
  known_calls = NULL;
  return PyDict_SetItem(own, thread_key, calls);
}

static PyGetSetDef local_members[] = {{"calls", local_get_calls, local_set_calls, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};

static PyTypeObject LocalType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.ThreadLocal",
    .tp_basicsize = sizeof(Local),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = PyType_GenericNew,
    .tp_getset = local_members,
};

/* Whether TensorFlow executes eagerly, as far as that can be told without asking it: no graph under construction in this thread, and eager
   execution not switched off. */
static int certainly_eager(Calls *calls) {
  if (execution_modes == NULL || calls->graphs == NULL || !PyDict_CheckExact(calls->graphs)) return 0;
  PyObject *graphs = PyDict_GetItemWithError(calls->graphs, stack_name);
  PyObject *mode = PyDict_GetItemWithError(execution_modes, default_mode_name);
  return graphs != NULL && PyList_CheckExact(graphs) && PyList_GET_SIZE(graphs) == 0 && mode == one;
}

/* --- Arguments → a key, equal to the one that signatures.py makes ---------------------------------------------------------------------- */

static PyObject *pair_of(PyObject *first, PyObject *second) { /* steals both */
  PyObject *pair = first == NULL || second == NULL ? NULL : PyTuple_New(2);
  if (pair == NULL) {
    Py_XDECREF(first);
    Py_XDECREF(second);
    return NULL;
  }
  PyTuple_SET_ITEM(pair, 0, first);
  PyTuple_SET_ITEM(pair, 1, second);
  return pair;
}

static PyObject *triple_of(PyObject *first, PyObject *second, PyObject *third) { /* steals all */
  PyObject *triple = first == NULL || second == NULL || third == NULL ? NULL : PyTuple_New(3);
  if (triple == NULL) {
    Py_XDECREF(first);
    Py_XDECREF(second);
    Py_XDECREF(third);
    return NULL;
  }
  PyTuple_SET_ITEM(triple, 0, first);
  PyTuple_SET_ITEM(triple, 1, second);
  PyTuple_SET_ITEM(triple, 2, third);
  return triple;
}

static int is_tensor(PyObject *value) { return (PyObject *)Py_TYPE(value) == tensor_type; }

static PyObject *shape_of(PyObject *tensor) {
  return shape_function != NULL ? shape_function(tensor, NULL) : PyObject_CallOneArg(shape_method, tensor);
}

static PyObject *dtype_of(PyObject *tensor) {
  return dtype_function != NULL ? dtype_function(tensor, NULL) : PyObject_CallOneArg(dtype_method, tensor);
}

/* An attribute, by its getter in C if that is known. */
static PyObject *read_attribute(PyObject *value, const PyGetSetDef *getter, PyObject *name) {
  return getter != NULL ? getter->get(value, getter->closure) : PyObject_GetAttr(value, name);
}

static PyObject *keys_of(PyObject *const *values, Py_ssize_t count, int literals);

/* What stands for classes in keys of whose values only the type is told; owned. Mostly that is a weak reference, so that the class can die. A
   later class at its place has another one. */
static PyObject *known_classes[KNOWN_CLASSES];

static int stands_for(PyObject *token, PyObject *type) {
  return token == type || (PyWeakref_CheckRefExact(token) && ((PyWeakReference *)token)->wr_object == type);
}

static PyTypeObject FramelessType;

static PyObject *key_of_other(PyObject *value, int literals) {
  PyObject *type = (PyObject *)Py_TYPE(value);
  if (type == (PyObject *)&FramelessType) return Py_NewRef((PyObject *)&PyFunction_Type);
  PyObject **known = &known_classes[((uintptr_t)type >> 4) % KNOWN_CLASSES];
  if (*known != NULL && stands_for(*known, type)) return Py_NewRef(*known);
  PyObject *key = PyObject_CallFunctionObjArgs(value_key_in_python, value, literals ? Py_True : Py_False, NULL);
  if (key != NULL && stands_for(key, type)) Py_XSETREF(*known, Py_NewRef(key));
  return key;
}

/* Whether a dict's keys may stand in a signature's key as they are: nothing of the program's is to live on in it. */
static int are_plain(PyObject *names) {
  for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(names); place++) {
    PyObject *name = PyTuple_GET_ITEM(names, place);
    if (!PyUnicode_CheckExact(name) && !PyLong_CheckExact(name)) return 0;
  }
  return 1;
}

static PyObject *key_of(PyObject *value, int literals) {
  PyTypeObject *type = Py_TYPE(value);
  if ((PyObject *)type == tensor_type) {
    PyObject *dtype = dtype_of(value);
    return dtype == NULL ? NULL : pair_of(dtype, shape_of(value));
  }
  if (type == &PyLong_Type || type == &PyUnicode_Type || type == &PyBool_Type || type == &PyBytes_Type)
    return literals ? pair_of(Py_NewRef(type), Py_NewRef(value)) : Py_NewRef(type);
  if (type == &PyFloat_Type) {
    double number = PyFloat_AS_DOUBLE(value);
    return literals ? pair_of(Py_NewRef(type), Py_NewRef(number == number ? value : nan_text)) : Py_NewRef(type);
  }
  if (type == &PyTuple_Type || type == &PyList_Type || type == &PyDict_Type) {
    if (Py_EnterRecursiveCall(" while describing an argument")) return NULL;
    PyObject *keys = NULL, *names = type == &PyDict_Type ? PySequence_Tuple(value) : NULL;
    if (names != NULL && !are_plain(names)) {
      Py_DECREF(names);
      Py_LeaveRecursiveCall();
      return key_of_other(value, literals);
    }
    /* A copy, since what follows may run Python code. */
    PyObject *values = type == &PyDict_Type ? PyDict_Values(value) : PySequence_List(value);
    if (values != NULL) {
      PyObject *own = keys_of(((PyListObject *)values)->ob_item, PyList_GET_SIZE(values), literals);
      keys = type == &PyDict_Type ? triple_of(Py_NewRef(type), names, own) : pair_of(Py_NewRef(type), own);
      names = NULL;
      Py_DECREF(values);
    }
    Py_XDECREF(names);
    Py_LeaveRecursiveCall();
    return keys;
  }
  if ((PyObject *)type == array_type) {
    PyObject *dtype = read_attribute(value, array_dtype, dtype_name);
    return dtype == NULL ? NULL : triple_of(Py_NewRef(type), dtype, read_attribute(value, array_shape, shape_name));
  }
  return key_of_other(value, literals);
}

static PyObject *keys_of(PyObject *const *values, Py_ssize_t count, int literals) {
  PyObject *keys = PyTuple_New(count);
  for (Py_ssize_t place = 0; keys != NULL && place < count; place++) {
    PyObject *key = key_of(values[place], literals);
    if (key == NULL)
      Py_CLEAR(keys);
    else
      PyTuple_SET_ITEM(keys, place, key);
  }
  return keys;
}

static PyObject *arguments_key(PyObject *const *values, Py_ssize_t count, PyObject *kwargs, int literals) {
  PyObject *keys = keys_of(values, count, literals);
  if (PyDict_GET_SIZE(kwargs) == 0 || keys == NULL) return keys;
  PyObject *given = PyDict_Values(kwargs);
  PyObject *key = given == NULL ? NULL : keys_of(((PyListObject *)given)->ob_item, PyList_GET_SIZE(given), literals);
  Py_XDECREF(given);
  return triple_of(keys, key == NULL ? NULL : PySequence_Tuple(kwargs), key);
}

/* --- A key → the signature's number ----------------------------------------------------------------------------------------------------- */

enum { UNKNOWN = -1, FAILED = -2 };

/* Steals the key. */
static int look_up(Function *info, PyObject *table, PyObject *key) {
  if (key == NULL) return FAILED;
  int is_last = table == info->last_table && PyTuple_GET_SIZE(key) == PyTuple_GET_SIZE(info->last_key);
  if (is_last) {
    PyObject *last = Py_NewRef(info->last_key);
    int last_id = info->last_id;
    is_last = PyObject_RichCompareBool(key, last, Py_EQ); /* may run Python code, which may call the function */
    Py_DECREF(last);
    if (is_last != 0) {
      Py_DECREF(key);
      return is_last > 0 ? last_id : FAILED;
    }
  }
  PyObject *number = PyDict_GetItemWithError(table, key);
  int signature_id = number != NULL ? (int)PyLong_AsLong(number) : PyErr_Occurred() ? FAILED : UNKNOWN;
  if (signature_id < 0) {
    Py_DECREF(key);
    return signature_id;
  }
  PyObject *old_table = info->last_table, *old_key = info->last_key;
  info->last_id = signature_id;
  info->last_table = Py_NewRef(table);
  info->last_key = key;
  Py_XDECREF(old_table); /* what it frees may run Python code */
  Py_XDECREF(old_key);
  return signature_id;
}

/* Whether two shapes are equal, both tuples of integers; 0 if they are not such. */
static int same_shape(PyObject *shape, PyObject *other) {
  if (!PyTuple_CheckExact(shape) || !PyTuple_CheckExact(other) || PyTuple_GET_SIZE(shape) != PyTuple_GET_SIZE(other)) return 0;
  for (Py_ssize_t axis = 0; axis < PyTuple_GET_SIZE(shape); axis++) {
    PyObject *size = PyTuple_GET_ITEM(shape, axis), *other_size = PyTuple_GET_ITEM(other, axis);
    if (size == other_size) continue;
    if (!PyLong_CheckExact(size) || !PyLong_CheckExact(other_size) || PyObject_RichCompareBool(size, other_size, Py_EQ) != 1) return 0;
  }
  return 1;
}

/* As look_up(tensors_key(…)), but most often without making the key: the tensors are compared with the last key's one by one. */
static int look_up_tensors(Function *info, PyObject *table, PyObject *const *tensors, Py_ssize_t count) {
  PyObject *parts[2 * MOST_TENSORS]; /* the shapes, then the dtypes; but of one tensor first the dtype */
  Py_ssize_t filled = 0, size = 2 * count;
  while (filled < size) {
    PyObject *tensor = tensors[filled % count];
    PyObject *part = (filled < count) == (count > 1) ? shape_of(tensor) : dtype_of(tensor);
    if (part == NULL) break;
    parts[filled++] = part;
  }
  int signature_id = FAILED;
  if (filled == size) {
    int is_last = table == info->last_table && PyTuple_GET_SIZE(info->last_key) == size;
    for (Py_ssize_t place = 0; is_last && place < size; place++) {
      PyObject *last = PyTuple_GET_ITEM(info->last_key, place);
      is_last = parts[place] == last || same_shape(parts[place], last);
    }
    if (is_last)
      signature_id = info->last_id;
    else {
      PyObject *key = PyTuple_New(size);
      for (Py_ssize_t place = 0; key != NULL && place < size; place++) PyTuple_SET_ITEM(key, place, Py_NewRef(parts[place]));
      signature_id = look_up(info, table, key);
    }
  }
  while (filled > 0) Py_DECREF(parts[--filled]);
  return signature_id;
}

/* The number of a call's signature, UNKNOWN, or FAILED with an exception. May run Python code. */
static int find_signature(Function *info, PyObject *args, PyObject *kwargs) {
  Py_ssize_t skipped = info->skip_first && PyTuple_GET_SIZE(args) > 0 ? 1 : 0;
  PyObject *const *values = ((PyTupleObject *)args)->ob_item + skipped;
  Py_ssize_t count = PyTuple_GET_SIZE(args) - skipped;
  PyObject *table = Py_NewRef(info->signature_ids);
  int signature_id;
  int only_tensors = info->takes_tensors && PyDict_GET_SIZE(kwargs) == 0;
  for (Py_ssize_t place = 0; only_tensors && place < count; place++) {
    if (!is_tensor(values[place])) only_tensors = info->takes_tensors = 0;
  }
  if (only_tensors && count > MOST_TENSORS)
    signature_id = UNKNOWN;
  else if (only_tensors && count > 0)
    signature_id = look_up_tensors(info, table, values, count);
  else
    signature_id = look_up(info, table, arguments_key(values, count, kwargs, info->tells_literals_apart));
  Py_DECREF(table);
  return signature_id;
}

/* --- What records the calls of one function ------------------------------------------------------------------------------------------ */

typedef struct {
  PyObject_HEAD
  PyObject *session;
} State;

static int state_traverse(State *self, visitproc visit, void *arg) {
  Py_VISIT(self->session);
  return 0;
}

static int state_clear(State *self) {
  Py_CLEAR(self->session);
  return 0;
}

static void state_dealloc(State *self) {
  PyObject_GC_UnTrack(self);
  state_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMemberDef state_members[] = {{"session", T_OBJECT, offsetof(State, session), 0, NULL}, {NULL, 0, 0, 0, NULL}};

static PyTypeObject StateType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.ProcessState",
    .tp_basicsize = sizeof(State),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_traverse = (traverseproc)state_traverse,
    .tp_clear = (inquiry)state_clear,
    .tp_dealloc = (destructor)state_dealloc,
    .tp_members = state_members,
};

typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *function, *info;
  PyObject *counting; /* what calls a tf.function whose traces cannot be hooked; None for a Python function */
  int mode;
} Recorder;

static PyObject *recorder_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names);

static PyObject *recorder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *function, *info, *counting = Py_None;
  int mode = 0;
  if (!PyArg_ParseTuple(args, "OO!|iO", &function, &FunctionType, &info, &mode, &counting)) return NULL;
  if (state == NULL) {
    PyErr_SetString(PyExc_RuntimeError, "configure has not been called");
    return NULL;
  }
  Recorder *self = (Recorder *)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->vectorcall = recorder_call;
  self->function = Py_NewRef(function);
  self->info = Py_NewRef(info);
  self->counting = Py_NewRef(counting);
  self->mode = mode;
  return (PyObject *)self;
}

static int recorder_traverse(Recorder *self, visitproc visit, void *arg) {
  Py_VISIT(self->function);
  Py_VISIT(self->info);
  Py_VISIT(self->counting);
  return 0;
}

static int recorder_clear(Recorder *self) {
  Py_CLEAR(self->function);
  Py_CLEAR(self->info);
  Py_CLEAR(self->counting);
  return 0;
}

static void recorder_dealloc(Recorder *self) {
  PyObject_GC_UnTrack(self);
  recorder_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyTypeObject RecorderType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.Recorder",
    .tp_basicsize = sizeof(Recorder),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = recorder_new,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Recorder, vectorcall),
    .tp_traverse = (traverseproc)recorder_traverse,
    .tp_clear = (inquiry)recorder_clear,
    .tp_dealloc = (destructor)recorder_dealloc,
};

/* --- A call ------------------------------------------------------------------------------------------------------------------------------- */

static PyObject *call_function(PyObject *function, PyObject *first, PyObject *args, PyObject *kwargs) {
  PyObject *named = PyDict_GET_SIZE(kwargs) == 0 ? NULL : kwargs;
  if (first == NULL) return PyObject_Call(function, args, named);
  Py_ssize_t count = PyTuple_GET_SIZE(args);
  PyObject *few[MOST_ARGUMENTS + 1];
  PyObject **all = count <= MOST_ARGUMENTS ? few : PyMem_New(PyObject *, (size_t)count + 1);
  if (all == NULL) return PyErr_NoMemory();
  all[0] = first;
  memcpy(all + 1, ((PyTupleObject *)args)->ob_item, (size_t)count * sizeof(PyObject *));
  PyObject *result = PyObject_VectorcallDict(function, all, (size_t)count + 1, named);
  if (all != few) PyMem_Free(all);
  return result;
}

/* The options with which AutoGraph calls what stands for a function, if it is the caller; NULL if not, or with an exception. *called is 0
   where no Python code has called us, as when the interpreter shuts down. */
static PyObject *autograph_options(int *called) {
  PyFrameObject *caller = PyThreadState_GetFrame(PyThreadState_Get());
  *called = caller != NULL;
  if (caller == NULL) return NULL;
  PyObject *code = (PyObject *)PyFrame_GetCode(caller), *options = NULL;
  if (code == unconverted_code || code == method_target_code) options = PyObject_CallOneArg(options_of_in_python, (PyObject *)caller);
  Py_DECREF(code);
  Py_DECREF(caller);
  if (options == Py_None) Py_CLEAR(options);
  return options;
}

/* As call_function, but with options as AutoGraph would have called the function, had nothing of ours stood in between. */
static PyObject *call_original(PyObject *function, PyObject *first, PyObject *args, PyObject *kwargs, PyObject *options) {
  if (options == NULL) return call_function(function, first, args, kwargs);
  PyObject *given = PyTuple_Pack(3, function, args, PyDict_GET_SIZE(kwargs) == 0 ? Py_None : kwargs), *named = PyDict_New(), *result = NULL;
  if (given != NULL && named != NULL && PyDict_SetItem(named, options_name, options) == 0) result = PyObject_Call(converted_call, given, named);
  Py_XDECREF(given);
  Py_XDECREF(named);
  return result;
}

/* Calls what handles a failure, in Python, with the exception that is set, as an except block would. Returns 0, the exception set again if it
   is to go on, or -1 with another one that the handler has raised. */
static int handle(PyObject *handler, PyObject *subject, int goes_on) {
#if PY_VERSION_HEX >= 0x030C0000
  PyObject *error = PyErr_GetRaisedException();
#else
  PyObject *type, *error, *trace;
  PyErr_Fetch(&type, &error, &trace);
  PyErr_NormalizeException(&type, &error, &trace);
  if (trace != NULL) PyException_SetTraceback(error, trace);
#endif
  PyObject *handled_outside = PyErr_GetHandledException();
  PyErr_SetHandledException(error);
  PyObject *done = PyObject_CallFunctionObjArgs(handler, subject, error, NULL);
  PyErr_SetHandledException(handled_outside);
  Py_XDECREF(handled_outside);
  int restored = done != NULL && goes_on;
#if PY_VERSION_HEX >= 0x030C0000
  if (restored)
    PyErr_SetRaisedException(error);
  else
    Py_DECREF(error);
#else
  if (restored)
    PyErr_Restore(type, error, trace);
  else {
    Py_DECREF(type);
    Py_DECREF(error);
    Py_XDECREF(trace);
  }
#endif
  Py_XDECREF(done);
  return done == NULL ? -1 : 0;
}

/* Calls that do nothing are made faster here than the writer comes to hold the interpreter lock, which it gets after 5 ms of asking. A thread
   that is so much ahead of it lets it in, for as long as a row takes a few hundred times, and whatever becomes of the writer. */
static void give_way(void) {
  struct timespec briefly = {.tv_nsec = 50000};
  Py_BEGIN_ALLOW_THREADS
  (void)nanosleep(&briefly, NULL);
  Py_END_ALLOW_THREADS
}

static void unlink_innermost(Calls *calls, Call *call) {
  call->is_open = 0;
  calls->innermost = Py_NewRef(call->outer);
  Py_DECREF(call); /* the chain's reference; record has one of its own */
}

static int is_nothing(PyObject *member) { return member == NULL || member == Py_None; }

/* Ends a call that nothing has happened to, and returns 1; or does nothing, for Python to do it, and returns 0. */
static int leave(Calls *calls, Call *call, int64_t end_ns) {
  if ((PyObject *)call != calls->innermost || !is_nothing(call->sample) || !is_nothing(call->profiled) || call->calls != (PyObject *)calls || call->outer == NULL ||
      call->caused_trace >= 0 || !PyList_CheckExact(calls->rows))
    return 0;
  Py_ssize_t waiting = PyList_GET_SIZE(calls->rows);
  if (waiting == calls->wake_rows || waiting >= calls->most_rows) return 0;
  Row row = {
      .start_ns = call->start_ns,
      .duration_ns = end_ns - call->start_ns,
      .call_id = call->call_id,
      .parent_id = call->parent_id,
      .function_id = ((Function *)call->info)->function_id,
      .signature_id = call->signature_id,
      .trace_id = call->caused_trace,
      .depth = call->depth < MOST_DEPTH ? (uint16_t)call->depth : MOST_DEPTH,
      .mode = (uint8_t)call->mode,
      .flags = (uint8_t)call->flags,
  };
  PyObject *packed = PyBytes_FromStringAndSize((const char *)&row, sizeof row);
  int appended = packed == NULL ? -1 : PyList_Append(calls->rows, packed);
  Py_XDECREF(packed);
  if (appended < 0) {
    PyErr_Clear();
    return 0;
  }
  unlink_innermost(calls, call);
  if (waiting > calls->wake_rows && waiting % GIVE_WAY_ROWS == 0) give_way();
  return 1;
}

/* Whether so many calls are open that one more could exhaust the stack: its frames in C are larger than those of a plain function. */
static int is_too_deep(Calls *calls) {
  return calls->innermost != NULL && Py_IS_TYPE(calls->innermost, &CallType) && ((Call *)calls->innermost)->depth >= MOST_RECORDED_DEPTH;
}

/* Whether a Python function's call is not recorded, whatever it is. */
static int is_passed_on(void) {
  PyObject *session = ((State *)state)->session;
  if (is_nothing(session)) return 1;
  Calls *calls = thread_calls();
  if (calls == NULL || calls->session != session || !is_too_deep(calls)) return 0;
  calls->dropped++;
  return 1;
}

/* Begins a call of the common case, or does nothing: returns 0, or -1 with an exception that is the program's. *recorded is NULL if nothing
   was begun; *failed tells that nothing shall be, since something of ours has failed. */
static int begin(Calls *calls, PyObject *session, Function *info, PyObject *args, PyObject *kwargs, int mode, Call **recorded, int *failed) {
  if (calls == NULL || calls->session != session || calls->busy || info->session != session || info->sampler != Py_None ||
      info->signature_ids == NULL || !PyDict_CheckExact(info->signature_ids) || calls->next_call_id == NULL ||
      !Py_IS_TYPE(calls->next_call_id, &NumbersType) || calls->innermost == NULL || !Py_IS_TYPE(calls->innermost, &CallType) ||
      is_too_deep(calls) || *profiler_level >= 0 || !certainly_eager(calls))
    return 0;

  /* What runs Python code in here, a garbage collection at most, but for arguments of unusual types, must not be recorded. */
  Py_INCREF(calls);
  calls->busy = 1;
  int signature_id = find_signature(info, args, kwargs);
  Call *call = signature_id >= 0 ? new_call() : NULL;
  calls->busy = 0;
  if (call == NULL) {
    *failed = signature_id != UNKNOWN;
    int handled = *failed ? handle(not_begun_in_python, (PyObject *)calls, 0) : 0;
    Py_DECREF(calls);
    return handled;
  }
  Call *outer = (Call *)calls->innermost;
  call->calls = (PyObject *)calls; /* with the reference of above */
  call->outer = Py_NewRef((PyObject *)outer);
  call->info = Py_NewRef((PyObject *)info);
  call->parent_id = outer->call_id;
  call->depth = outer->depth + 1;
  call->call_id = ((Numbers *)calls->next_call_id)->next++;
  call->signature_id = signature_id;
  call->mode = mode;
  call->flags = 0;
  call->caused_trace = -1;
  call->trace_failed = 0;
  call->is_open = 1;
  call->start_ns = now_ns();
  *recorded = call;
  return 0;
}

/* As begin, for every other case. */
static int begin_in_python(PyObject *session, Function *info, PyObject *args, PyObject *kwargs, int mode, Call **recorded) {
  PyObject *number = PyLong_FromLong(mode);
  PyObject *call = number == NULL ? NULL : PyObject_CallFunctionObjArgs(enter_in_python, session, info, args, kwargs, number, NULL);
  Py_XDECREF(number);
  if (call == NULL) return -1;
  if (Py_IS_TYPE(call, &CallType))
    *recorded = (Call *)call;
  else
    Py_DECREF(call); /* None: the call is not recorded */
  return 0;
}

static PyObject *record(PyObject *session, Recorder *self, PyObject *first, PyObject *args, PyObject *kwargs, PyObject *options) {
  Function *info = (Function *)self->info;
  Call *call = NULL;
  int failed = 0, mode = self->mode;
  if (first != NULL && PyDict_GetItemWithError(eager_runs, run_eagerly_name) != Py_False) {
    /* Not told by that name, or True. */
    PyObject *eagerly = PyErr_Occurred() ? NULL : PyObject_CallNoArgs(runs_eagerly_in_python);
    int is_true = eagerly == NULL ? -1 : PyObject_IsTrue(eagerly);
    Py_XDECREF(eagerly);
    if (is_true < 0) return NULL;
    if (is_true) mode = EAGER;
  }
  if (begin(thread_calls(), session, info, args, kwargs, mode, &call, &failed) < 0) return NULL;
  if (call == NULL && !failed && begin_in_python(session, info, args, kwargs, mode, &call) < 0) return NULL;
  if (call == NULL) return call_original(self->function, first, args, kwargs, options);

  Calls *calls = (Calls *)call->calls;
  PyObject *result;
  if (first != NULL && !calls->traces_hooked) {
    result = PyObject_CallFunctionObjArgs(self->counting, first, call, args, kwargs, NULL);
    release_call(call);
    return result;
  }
  Py_INCREF(calls);
  PyObject *innermost = calls->innermost;
  calls->innermost = Py_NewRef((PyObject *)call);
  Py_DECREF(innermost); /* it is this call's outer one */
  result = call_original(self->function, first, args, kwargs, options);
  int64_t end_ns = now_ns();
  if (result == NULL) {
    (void)handle(leave_in_python, (PyObject *)call, 1);
  } else if (!leave(calls, call, end_ns)) {
    PyObject *end = PyLong_FromLongLong(end_ns);
    PyObject *done = end == NULL ? NULL : PyObject_CallFunctionObjArgs(leave_in_python, (PyObject *)call, Py_None, end, result, NULL);
    Py_XDECREF(end);
    Py_XDECREF(done);
    if (done == NULL) {
      Py_CLEAR(result);
      /* A signal handler has raised, perhaps before anything was done. */
      if (call->is_open) (void)handle(leave_in_python, (PyObject *)call, 1);
    }
  }
  release_call(call);
  Py_DECREF(calls);
  return result;
}

static int are_arguments(PyObject *const *given, Py_ssize_t count, PyObject *names) {
  if (names == NULL && count >= 2 && PyTuple_CheckExact(given[count - 2]) && PyDict_CheckExact(given[count - 1])) return 1;
  PyErr_SetString(PyExc_TypeError, "what stands for a function takes a tuple and a dict");
  return 0;
}

/* recorder(args, kwargs) for a Python function, recorder(tf_function, args, kwargs) for a tf.function. */
static PyObject *recorder_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names) {
  Recorder *self = (Recorder *)callable;
  Py_ssize_t count = PyVectorcall_NARGS(flags);
  if (!are_arguments(given, count, names)) return NULL;
  PyObject *first = count == 3 ? given[0] : NULL, *args = given[count - 2], *kwargs = given[count - 1], *result;
  int called = 1;
  PyObject *options = first == NULL ? autograph_options(&called) : NULL, *session = ((State *)state)->session;
  if (options == NULL && PyErr_Occurred()) return NULL;
  if (is_nothing(session) || !called)
    result = call_original(self->function, first, args, kwargs, options);
  else {
    Py_INCREF(session);
    result = record(session, self, first, args, kwargs, options);
    Py_DECREF(session);
  }
  Py_XDECREF(options);
  return result;
}

/* --- What stands around somebody's function while it is called ------------------------------------------------------------------------------ */

/* What around.py's is, which is the reference, but without a frame. Called with a tuple and a dict of arguments. */
typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *original, *begin, *end;
  char by_autograph; /* whether AutoGraph may be the caller */
} Around;

static PyObject *around_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names) {
  Around *self = (Around *)callable;
  if (!are_arguments(given, PyVectorcall_NARGS(flags), names)) return NULL;
  PyObject *args = given[0], *kwargs = given[1];
  int called;
  PyObject *options = self->by_autograph ? autograph_options(&called) : NULL;
  if (options == NULL && PyErr_Occurred()) return NULL;
  PyObject *token = self->begin == Py_None ? Py_NewRef(Py_None) : PyObject_CallFunctionObjArgs(self->begin, args, kwargs, NULL), *result = NULL;
  if (token != NULL) {
    int is_ended = self->end != Py_None && (self->begin == Py_None || token != Py_None);
    result = call_original(self->original, NULL, args, kwargs, options);
    if (is_ended && result == NULL)
      (void)handle(self->end, token, 1);
    else if (is_ended) {
      PyObject *done = PyObject_CallFunctionObjArgs(self->end, token, Py_None, result, NULL);
      if (done == NULL) Py_CLEAR(result); /* an exception of the program's, such as a signal handler's */
      Py_XDECREF(done);
    }
    Py_DECREF(token);
  }
  Py_XDECREF(options);
  return result;
}

static PyObject *around_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *original, *begin, *end;
  int by_autograph;
  if (!PyArg_ParseTuple(args, "OOOp", &original, &begin, &end, &by_autograph)) return NULL;
  Around *self = (Around *)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->vectorcall = around_call;
  self->original = Py_NewRef(original);
  self->begin = Py_NewRef(begin);
  self->end = Py_NewRef(end);
  self->by_autograph = (char)by_autograph;
  return (PyObject *)self;
}

static int around_traverse(Around *self, visitproc visit, void *arg) {
  Py_VISIT(self->original);
  Py_VISIT(self->begin);
  Py_VISIT(self->end);
  return 0;
}

static int around_clear(Around *self) {
  Py_CLEAR(self->original);
  Py_CLEAR(self->begin);
  Py_CLEAR(self->end);
  return 0;
}

static void around_dealloc(Around *self) {
  PyObject_GC_UnTrack(self);
  around_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyTypeObject AroundType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.Around",
    .tp_basicsize = sizeof(Around),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = around_new,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Around, vectorcall),
    .tp_traverse = (traverseproc)around_traverse,
    .tp_clear = (inquiry)around_clear,
    .tp_dealloc = (destructor)around_dealloc,
};

/* What stands for `__call__` of tf.functions: finds what records the one that is called. */
typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *original, *found, *learn; /* found: by_object.ByObject's dict, or the name of an attribute */
} OfEach;

static PyObject *recorder_of(OfEach *self, PyObject *function) { /* None if it is not recorded */
  if (!PyDict_Check(self->found)) return PyObject_GetAttr(function, self->found);
  PyObject *key = PyLong_FromVoidPtr(function), *entry = key == NULL ? NULL : PyDict_GetItemWithError(self->found, key), *recorder = NULL;
  Py_XDECREF(key);
  int is_known = entry != NULL && PyTuple_CheckExact(entry) && PyTuple_GET_SIZE(entry) == 2 && PyWeakref_Check(PyTuple_GET_ITEM(entry, 0)) &&
                 PyWeakref_GET_OBJECT(PyTuple_GET_ITEM(entry, 0)) == function;
  if (is_known) return Py_NewRef(PyTuple_GET_ITEM(entry, 1));
  entry = PyErr_Occurred() ? NULL : PyObject_CallOneArg(self->learn, function);
  if (entry != NULL) recorder = PySequence_GetItem(entry, 1);
  Py_XDECREF(entry);
  return recorder;
}

static PyObject *of_each_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names) {
  OfEach *self = (OfEach *)callable;
  if (!are_arguments(given, PyVectorcall_NARGS(flags), names)) return NULL;
  PyObject *args = given[0], *kwargs = given[1];
  if (PyTuple_GET_SIZE(args) == 0) return call_function(self->original, NULL, args, kwargs);
  PyObject *function = PyTuple_GET_ITEM(args, 0), *recorder = recorder_of(self, function), *result = NULL;
  if (recorder == Py_None)
    result = call_function(self->original, NULL, args, kwargs);
  else if (recorder != NULL) {
    PyObject *others = PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)), *all[] = {function, others, kwargs};
    if (others != NULL) result = PyObject_Vectorcall(recorder, all, 3, NULL);
    Py_XDECREF(others);
  }
  Py_XDECREF(recorder);
  return result;
}

static PyObject *of_each_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *original, *found, *learn;
  if (!PyArg_ParseTuple(args, "OOO", &original, &found, &learn)) return NULL;
  if (!PyDict_Check(found) && !PyUnicode_CheckExact(found)) return PyErr_Format(PyExc_TypeError, "a dict or an attribute's name");
  OfEach *self = (OfEach *)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->vectorcall = of_each_call;
  self->original = Py_NewRef(original);
  self->found = Py_NewRef(found);
  self->learn = Py_NewRef(learn);
  return (PyObject *)self;
}

static int of_each_traverse(OfEach *self, visitproc visit, void *arg) {
  Py_VISIT(self->original);
  Py_VISIT(self->found);
  Py_VISIT(self->learn);
  return 0;
}

static int of_each_clear(OfEach *self) {
  Py_CLEAR(self->original);
  Py_CLEAR(self->found);
  Py_CLEAR(self->learn);
  return 0;
}

static void of_each_dealloc(OfEach *self) {
  PyObject_GC_UnTrack(self);
  of_each_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyTypeObject OfEachType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.OfEach",
    .tp_basicsize = sizeof(OfEach),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
    .tp_new = of_each_new,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(OfEach, vectorcall),
    .tp_traverse = (traverseproc)of_each_traverse,
    .tp_clear = (inquiry)of_each_clear,
    .tp_dealloc = (destructor)of_each_dealloc,
};

/* --- A function without a frame ------------------------------------------------------------------------------------------------------------- */

/* `def shown(*args, **kwargs): return target(args, kwargs)`, as far as anybody can see: it is called without a frame, and for everything else
   `shown` answers, whose class it says is its own. So nothing of ours stands in tracebacks, in TensorFlow's stacks of ops, or between a warning
   and whom it points at. */
typedef struct {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *shown, *target, *weakly;
} Frameless;

/* The Python function that is called as it is, since nothing is recorded and AutoGraph is not the caller; borrowed. NULL if none, or with an
   exception. */
__attribute__((noinline)) static PyObject *passed_on(Frameless *self) {
  int called;
  if (!Py_IS_TYPE(self->target, &RecorderType) || !is_passed_on()) return NULL;
  PyObject *options = autograph_options(&called);
  if (options == NULL) return PyErr_Occurred() ? NULL : ((Recorder *)self->target)->function;
  Py_DECREF(options);
  return NULL;
}

__attribute__((noinline)) static PyObject *call_target(Frameless *self, PyObject *const *given, Py_ssize_t count, PyObject *names) {
  Py_ssize_t named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
  PyObject *args = PyTuple_New(count), *kwargs = PyDict_New(), *result = NULL;
  if (args == NULL || kwargs == NULL) goto done;
  for (Py_ssize_t place = 0; place < count; place++) PyTuple_SET_ITEM(args, place, Py_NewRef(given[place]));
  for (Py_ssize_t place = 0; place < named; place++) {
    if (PyDict_SetItem(kwargs, PyTuple_GET_ITEM(names, place), given[count + place]) < 0) goto done;
  }
  PyObject *both[] = {args, kwargs};
  result = PyObject_Vectorcall(self->target, both, 2, NULL);
done:
  Py_XDECREF(args);
  Py_XDECREF(kwargs);
  return result;
}

/* Without a variable of its own, so that the call of what is passed on takes its place on the stack: recursion may be deep. */
static PyObject *frameless_call(PyObject *callable, PyObject *const *given, size_t flags, PyObject *names) {
  PyObject *function = passed_on((Frameless *)callable);
  if (function != NULL) {
    vectorcallfunc call = PyVectorcall_Function(function);
    return call != NULL ? call(function, given, flags, names) : PyObject_Vectorcall(function, given, flags, names);
  }
  if (PyErr_Occurred()) return NULL;
  return call_target((Frameless *)callable, given, PyVectorcall_NARGS(flags), names);
}

static PyObject *frameless_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *shown, *target;
  if (!PyArg_ParseTuple(args, "O!O", &PyFunction_Type, &shown, &target)) return NULL;
  Frameless *self = (Frameless *)type->tp_alloc(type, 0);
  if (self == NULL) return NULL;
  self->vectorcall = frameless_call;
  self->shown = Py_NewRef(shown);
  self->target = Py_NewRef(target);
  return (PyObject *)self;
}

static int frameless_traverse(Frameless *self, visitproc visit, void *arg) {
  Py_VISIT(self->shown);
  Py_VISIT(self->target);
  return 0;
}

static int frameless_clear(Frameless *self) {
  Py_CLEAR(self->shown);
  Py_CLEAR(self->target);
  return 0;
}

static void frameless_dealloc(Frameless *self) {
  PyObject_GC_UnTrack(self);
  if (self->weakly != NULL) PyObject_ClearWeakRefs((PyObject *)self);
  frameless_clear(self);
  Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyObject *frameless_repr(Frameless *self) { return PyObject_Repr(self->shown); }

static PyObject *frameless_bind(PyObject *self, PyObject *instance, PyObject *owner) {
  return instance == NULL || instance == Py_None ? Py_NewRef(self) : PyMethod_New(self, instance);
}

static PyObject *frameless_get(Frameless *self, PyObject *name) {
  /* What it does itself: being called, bound, pickled. */
  PyObject *own = PyUnicode_Check(name) ? PyDict_GetItemWithError(FramelessType.tp_dict, name) : NULL;
  if (own != NULL && (Py_IS_TYPE(own, &PyWrapperDescr_Type) || Py_IS_TYPE(own, &PyMethodDescr_Type))) return PyObject_GenericGetAttr((PyObject *)self, name);
  return PyErr_Occurred() ? NULL : PyObject_GetAttr(self->shown, name);
}

static int frameless_set(Frameless *self, PyObject *name, PyObject *value) { return PyObject_SetAttr(self->shown, name, value); }

/* Functions are pickled by name. */
static PyObject *frameless_reduce(Frameless *self, PyObject *protocol) { return PyObject_GetAttrString(self->shown, "__qualname__"); }

static PyMethodDef frameless_methods[] = {
    {"__reduce_ex__", (PyCFunction)frameless_reduce, METH_O, NULL},
    {"__reduce__", (PyCFunction)frameless_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject FramelessType = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "tfmodetrace.recorder.calls._hot_path.function",
    .tp_basicsize = sizeof(Frameless),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_new = frameless_new,
    .tp_call = PyVectorcall_Call,
    .tp_vectorcall_offset = offsetof(Frameless, vectorcall),
    .tp_weaklistoffset = offsetof(Frameless, weakly),
    .tp_descr_get = frameless_bind,
    .tp_getattro = (getattrofunc)frameless_get,
    .tp_setattro = (setattrofunc)frameless_set,
    .tp_repr = (reprfunc)frameless_repr,
    .tp_methods = frameless_methods,
    .tp_traverse = (traverseproc)frameless_traverse,
    .tp_clear = (inquiry)frameless_clear,
    .tp_dealloc = (destructor)frameless_dealloc,
};

/* --- The pause of whoever looks at other threads ----------------------------------------------------------------------------------------- */

/* A thread that wants the interpreter gets it when the running one lets go of it: at once where that calls something that waits or computes
   without it, as TensorFlow does for every op, and else after the switch interval, 5 ms. Whoever looks at stacks would see ops and nothing of
   the Python between them. So the interval is next to nothing while we wait, and only then. Whoever has it at once knows that no thread ran
   Python; having one stop takes longer. */
static PyObject *pause_for(PyObject *module, PyObject *given) {
  double seconds = PyFloat_AsDouble(given);
  if (seconds == -1.0 && PyErr_Occurred()) return NULL;
  if (!(seconds >= 0 && seconds <= 3600)) return PyErr_Format(PyExc_ValueError, "a pause has 0 to 3600 seconds");
  struct timespec length = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
  PyThreadState *saved = PyEval_SaveThread();
  nanosleep(&length, NULL);
  int64_t asked_ns = now_ns();
#if PY_VERSION_HEX < 0x030D0000
  unsigned long interval = _PyEval_GetSwitchInterval();
  _PyEval_SetSwitchInterval(BRIEFLY_US);
  PyEval_RestoreThread(saved);
  if (_PyEval_GetSwitchInterval() == BRIEFLY_US) _PyEval_SetSwitchInterval(interval); /* else the program has set another meanwhile */
#else
  PyEval_RestoreThread(saved);
#endif
  return PyBool_FromLong(now_ns() - asked_ns < FREE_NS);
}

/* What sys._current_frames returns. Up to Python 3.11 it makes objects while it holds the lock of the threads' list: a garbage collection
 * that begins then waits for that lock for ever, as soon as it comes to a threading.local (cpython's gh-106883). So none begins. */
static PyObject *current_frames(PyObject *module, PyObject *unused) {
  PyObject *ask = PySys_GetObject("_current_frames");
  if (ask == NULL) return PyErr_Format(PyExc_AttributeError, "this Python does not show the stacks of its threads");
  int was_on = PyGC_Disable();
  PyObject *frames = PyObject_CallNoArgs(ask);
  if (was_on) PyGC_Enable();
  return frames;
}

enum { USERS = 1, OP = 4, MOST_USERS = 4 }; /* the marks as codes.py has them; frames of the user's that are told */

/* PyFrame_GetBack of another thread's frame. Up to Python 3.11 it makes an object of what lies on that thread's stack: a garbage collection
 * that begins then may run Python code, the thread goes on meanwhile, and what the object was made of is gone. So none begins. */
static PyFrameObject *frame_before(PyFrameObject *frame) {
  int was_on = PyGC_Disable();
  PyFrameObject *before = PyFrame_GetBack(frame);
  if (was_on) PyGC_Enable();
  return before;
}

/* What look.py's walk does, which is the reference: walk(frame, known, meet, most). */
static PyObject *walk(PyObject *module, PyObject *const *given, Py_ssize_t count) {
  if (count != 4 || !PyDict_Check(given[1])) return PyErr_Format(PyExc_TypeError, "walk takes a frame, a dict, a callable and a number");
  long most = PyLong_AsLong(given[3]), inside = 0, outside = 0, first = 0;
  if (most == -1 && PyErr_Occurred()) return NULL;
  PyObject *op = NULL, *users = PyList_New(0), *result = NULL;
  PyFrameObject *frame = given[0] == Py_None ? NULL : (PyFrameObject *)Py_NewRef(given[0]);
  if (users == NULL || (frame != NULL && !PyFrame_Check(frame))) goto done;
  for (long number = 0; frame != NULL && number < most; number++) {
    PyObject *code = (PyObject *)PyFrame_GetCode(frame), *key = PyLong_FromVoidPtr(code), *about = NULL;
    PyObject *entry = key == NULL ? NULL : PyDict_GetItemWithError(given[1], key);
    Py_XDECREF(key);
    if (entry != NULL && PyTuple_CheckExact(entry) && PyTuple_GET_SIZE(entry) == 2 && PyWeakref_Check(PyTuple_GET_ITEM(entry, 0)) &&
        PyWeakref_GET_OBJECT(PyTuple_GET_ITEM(entry, 0)) == code)
      about = Py_NewRef(PyTuple_GET_ITEM(entry, 1));
    else if (!PyErr_Occurred())
      about = PyObject_CallOneArg(given[2], code);
    Py_DECREF(code);
    if (about == NULL) goto done;
    long marks = PyTuple_Check(about) && PyTuple_GET_SIZE(about) > 1 ? PyLong_AsLong(PyTuple_GET_ITEM(about, 0)) : 0;
    int failed = 0;
    if (number == 0) first = marks;
    outside |= marks;
    if (marks & USERS) {
      if (PyList_GET_SIZE(users) < MOST_USERS) {
        int line = PyFrame_GetLineNumber(frame); /* -1: what the compiler has added is at no line */
        PyObject *found = Py_BuildValue("(Oi)", about, line < 0 ? 0 : line);
        failed = found == NULL || PyList_Append(users, found) < 0;
        Py_XDECREF(found);
      }
    } else if (PyList_GET_SIZE(users) == 0) {
      inside |= marks;
      if ((marks & OP) && op == NULL) op = Py_NewRef(PyTuple_GET_ITEM(about, 1));
    }
    Py_DECREF(about);
    if (failed || PyErr_Occurred()) goto done;
    PyFrameObject *outer = frame_before(frame);
    Py_DECREF(frame);
    frame = outer;
  }
  result = Py_BuildValue("(lllOO)", inside, outside, first, op == NULL ? Py_None : op, users);
done:
  if (result == NULL && !PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "walk takes a frame");
  Py_XDECREF(frame);
  Py_XDECREF(op);
  Py_XDECREF(users);
  return result;
}

/* --- The module -------------------------------------------------------------------------------------------------------------------------- */

static PyCFunction function_of(PyObject *method) { /* what a method descriptor without arguments calls, or NULL */
  if (!Py_IS_TYPE(method, &PyMethodDescr_Type)) return NULL;
  PyMethodDef *definition = ((PyMethodDescrObject *)method)->d_method;
  int belongs_to_tensors = (PyObject *)PyDescr_TYPE(method) == tensor_type;
  return belongs_to_tensors && definition->ml_flags == METH_NOARGS ? definition->ml_meth : NULL;
}

static const PyGetSetDef *getter_of(PyObject *type, PyObject *name) { /* of an attribute that a class in C defines itself, or NULL */
  PyObject *descriptor = PyObject_GetAttr(type, name);
  if (descriptor == NULL) PyErr_Clear();
  int is_own = descriptor != NULL && Py_IS_TYPE(descriptor, &PyGetSetDescr_Type) && (PyObject *)PyDescr_TYPE(descriptor) == type;
  const PyGetSetDef *getter = is_own ? ((PyGetSetDescrObject *)descriptor)->d_getset : NULL;
  Py_XDECREF(descriptor); /* the class keeps it */
  return getter;
}

static PyObject *configure(PyObject *module, PyObject *given) {
  static const struct {
    const char *name;
    PyObject **place;
  } settings[] = {
      {"state", &state},
      {"tensor_type", &tensor_type},
      {"shape_of", &shape_method},
      {"dtype_of", &dtype_method},
      {"array_type", &array_type},
      {"execution_modes", &execution_modes},
      {"eager_runs", &eager_runs},
      {"runs_eagerly", &runs_eagerly_in_python},
      {"unconverted_code", &unconverted_code},
      {"method_target_code", &method_target_code},
      {"converted_call", &converted_call},
      {"options_of", &options_of_in_python},
      {"value_key", &value_key_in_python},
      {"enter", &enter_in_python},
      {"leave", &leave_in_python},
      {"not_begun", &not_begun_in_python},
  };
  enum { COUNT = sizeof settings / sizeof *settings };
  if (!PyDict_CheckExact(given)) return PyErr_Format(PyExc_TypeError, "configure takes a dict");
  for (size_t place = 0; place < COUNT; place++) {
    PyObject *value = PyDict_GetItemString(given, settings[place].name);
    if (value == NULL) return PyErr_Format(PyExc_KeyError, "%s", settings[place].name);
    int is_dict = settings[place].place == &execution_modes || settings[place].place == &eager_runs;
    if ((is_dict && !PyDict_CheckExact(value)) || (settings[place].place == &state && !PyObject_TypeCheck(value, &StateType)))
      return PyErr_Format(PyExc_TypeError, "%s", settings[place].name);
  }
  for (size_t place = 0; place < COUNT; place++)
    Py_XSETREF(*settings[place].place, Py_NewRef(PyDict_GetItemString(given, settings[place].name)));
  PyObject *level = PyDict_GetItemString(given, "profiler_level"); /* its address */
  const void *address = level == NULL ? NULL : PyLong_AsVoidPtr(level);
  if (address == NULL) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_KeyError, "profiler_level");
  profiler_level = address;
  array_dtype = getter_of(array_type, dtype_name);
  array_shape = getter_of(array_type, shape_name);
  shape_function = function_of(shape_method);
  dtype_function = function_of(dtype_method);
  Py_RETURN_NONE;
}

static PyObject *shown_by(PyObject *module, PyObject *given) {
  if (!Py_IS_TYPE(given, &FramelessType)) return PyErr_Format(PyExc_TypeError, "shown_by takes something frameless");
  return Py_NewRef(((Frameless *)given)->shown);
}

static PyMethodDef functions[] = {
    {"shown_by", shown_by, METH_O, "Returns the function that shows for something frameless."},
    {"configure", configure, METH_O, "Tells what the hot path needs of the other modules."},
    {"walk", (PyCFunction)(void (*)(void))walk, METH_FASTCALL, "Tells what a stack is of, as look.py does."},
    {"pause_for", pause_for, METH_O, "Sleeps for so many seconds, has the interpreter as soon as it can be had, and says whether it was free."},
    {"current_frames", current_frames, METH_NOARGS, "What sys._current_frames returns, without a garbage collection in its midst."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "_hot_path", .m_doc = "The recorder's hot path; see hot_path.c.", .m_size = -1, .m_methods = functions};

PyMODINIT_FUNC PyInit__hot_path(void) {
  PyTypeObject *types[] = {&FunctionType, &NumbersType, &CallType, &CallsType, &LocalType, &StateType, &RecorderType, &AroundType, &OfEachType};
  PyObject *module = PyModule_Create(&definition);
  if (module == NULL) return NULL;
  for (size_t place = 0; place < sizeof types / sizeof *types; place++) {
    if (PyModule_AddType(module, types[place]) < 0) goto failed;
  }
  /* Its name is that of what it stands for. */
  if (PyType_Ready(&FramelessType) < 0 || PyModule_AddObjectRef(module, "Frameless", (PyObject *)&FramelessType) < 0) goto failed;
  if (PyModule_AddIntConstant(module, "INTERFACE", INTERFACE) < 0) goto failed;
  stack_name = PyUnicode_InternFromString("stack");
  default_mode_name = PyUnicode_InternFromString("default_execution_mode");
  run_eagerly_name = PyUnicode_InternFromString("RUN_FUNCTIONS_EAGERLY");
  dtype_name = PyUnicode_InternFromString("dtype");
  shape_name = PyUnicode_InternFromString("shape");
  nan_text = PyUnicode_InternFromString("nan");
  thread_key = PyUnicode_InternFromString("tfmodetrace.recorder.calls._hot_path");
  options_name = PyUnicode_InternFromString("options");
  one = PyLong_FromLong(1);
  if (stack_name && default_mode_name && run_eagerly_name && dtype_name && shape_name && nan_text && thread_key && options_name && one) return module;
failed:
  Py_DECREF(module);
  return NULL;
}
