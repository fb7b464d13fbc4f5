//! The globals that a pickle may name, and why each is harmless.
//!
//! A global is allowed if importing it and calling it with any arguments that a pickle
//! can make runs no code of the author's choice and touches nothing outside the process.
//! Sources: `torch/_weights_only_unpickler.py` of `PyTorch` (the names that it allows by
//! default); `numpy/_core/multiarray.py` and `numpy/_core/numeric.py`; `Lib/copyreg.py`.

/// Names of one module, and why they are allowed.
#[derive(Debug, Clone, Copy)]
pub struct Allowed {
    /// Modules that have the names, in all their spellings.
    pub modules: &'static [&'static str],
    /// The names.
    pub names: &'static [&'static str],
    /// Why they are harmless.
    pub reason: &'static str,
}

/// The class by which joblib announces the bytes of an array.
pub const JOBLIB_ARRAY: (&str, &str) = ("joblib.numpy_pickle", "NumpyArrayWrapper");

/// The list. What is not in it counts as code.
pub const LIST: &[Allowed] = &[
    Allowed {
        modules: &["builtins", "__builtin__"],
        names: &[
            "set",
            "frozenset",
            "dict",
            "list",
            "tuple",
            "int",
            "long",
            "float",
            "complex",
            "bool",
            "str",
            "unicode",
            "bytes",
            "bytearray",
            "slice",
            "range",
            "xrange",
            "object",
        ],
        reason: "plain containers and numbers; making one runs nothing else",
    },
    Allowed {
        modules: &["collections"],
        names: &["OrderedDict", "defaultdict", "deque", "Counter"],
        reason: "plain containers; a factory must itself be on the list",
    },
    Allowed {
        modules: &["copyreg", "copy_reg"],
        names: &["_reconstructor", "__newobj__", "__newobj_ex__"],
        reason: "make an object of a class that must itself be on the list",
    },
    Allowed {
        modules: &["_codecs"],
        names: &["encode"],
        reason: "how protocols 0 to 2 write bytes; turns a text into bytes",
    },
    Allowed {
        modules: &["datetime"],
        names: &["date", "time", "datetime", "timedelta", "timezone"],
        reason: "points in time; values without side effects",
    },
    Allowed { modules: &["decimal", "_decimal"], names: &["Decimal"], reason: "a number" },
    Allowed { modules: &["fractions"], names: &["Fraction"], reason: "a number" },
    Allowed {
        modules: &["numpy.core.multiarray", "numpy._core.multiarray"],
        names: &["_reconstruct", "scalar"],
        reason: "make an array or a number of it from bytes",
    },
    Allowed {
        modules: &["numpy.core.numeric", "numpy._core.numeric"],
        names: &["_frombuffer"],
        reason: "makes an array from bytes",
    },
    Allowed {
        modules: &["numpy"],
        names: &[
            "ndarray",
            "dtype",
            "bool",
            "bool_",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "intc",
            "uintc",
            "longlong",
            "ulonglong",
            "float16",
            "float32",
            "float64",
            "longdouble",
            "complex64",
            "complex128",
            "clongdouble",
            "str_",
            "bytes_",
            "void",
            "object_",
            "datetime64",
            "timedelta64",
        ],
        reason: "arrays, numbers and their types",
    },
    Allowed {
        modules: &["numpy.matrixlib.defmatrix", "numpy"],
        names: &["matrix"],
        reason: "an array of two dimensions",
    },
    Allowed {
        modules: &["numpy.dtypes"],
        names: &[
            "BoolDType",
            "Int8DType",
            "Int16DType",
            "Int32DType",
            "Int64DType",
            "UInt8DType",
            "UInt16DType",
            "UInt32DType",
            "UInt64DType",
            "LongLongDType",
            "ULongLongDType",
            "Float16DType",
            "Float32DType",
            "Float64DType",
            "LongDoubleDType",
            "Complex64DType",
            "Complex128DType",
            "CLongDoubleDType",
            "StrDType",
            "BytesDType",
            "VoidDType",
            "ObjectDType",
            "DateTime64DType",
            "TimeDelta64DType",
        ],
        reason: "types of numbers",
    },
    Allowed {
        modules: &["joblib.numpy_pickle"],
        names: &["NumpyArrayWrapper"],
        reason: "says how the bytes of an array follow; those bytes are walked too",
    },
    Allowed {
        modules: &["torch._utils"],
        names: &[
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
            "_rebuild_qtensor",
            "_rebuild_sparse_tensor",
            "_rebuild_meta_tensor_no_storage",
            "_rebuild_device_tensor_from_numpy",
            "_rebuild_device_tensor_from_cpu_tensor",
            "_rebuild_wrapper_subclass",
        ],
        reason: "rebuild tensors; PyTorch allows them when it loads weights only",
    },
    Allowed {
        modules: &["torch._tensor"],
        names: &["_rebuild_from_type_v2"],
        reason: "rebuilds a tensor by a function that must itself be on the list",
    },
    Allowed {
        modules: &["torch.nn.parameter"],
        names: &["Parameter"],
        reason: "a tensor that is trained",
    },
    Allowed {
        modules: &["torch.serialization"],
        names: &["_get_layout"],
        reason: "looks up a layout by its name",
    },
    Allowed {
        modules: &["torch"],
        names: &[
            "Size",
            "Tensor",
            "device",
            "float32",
            "float",
            "float64",
            "double",
            "float16",
            "half",
            "bfloat16",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "int8",
            "int16",
            "short",
            "int32",
            "int",
            "int64",
            "long",
            "bool",
            "complex32",
            "complex64",
            "complex128",
            "cfloat",
            "cdouble",
            "quint8",
            "qint8",
            "qint32",
            "quint4x2",
            "quint2x4",
            "bits1x8",
            "bits2x4",
            "bits4x2",
            "bits8",
            "bits16",
            "float8_e4m3fn",
            "float8_e4m3fnuz",
            "float8_e5m2",
            "float8_e5m2fnuz",
            "float8_e8m0fnu",
            "float4_e2m1fn_x2",
            "uint1",
            "uint2",
            "uint3",
            "uint4",
            "uint5",
            "uint6",
            "uint7",
            "int1",
            "int2",
            "int3",
            "int4",
            "int5",
            "int6",
            "int7",
            "strided",
            "per_tensor_affine",
            "per_tensor_symmetric",
            "per_channel_affine",
            "per_channel_symmetric",
            "per_channel_affine_float_qparams",
        ],
        reason: "tensors, shapes, devices and types of numbers",
    },
    Allowed { modules: &["torch", "torch.cuda"], names: STORAGES, reason: "the memory of tensors" },
    Allowed {
        modules: &["torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse"],
        names: &[
            "DoubleTensor",
            "FloatTensor",
            "HalfTensor",
            "BFloat16Tensor",
            "LongTensor",
            "IntTensor",
            "ShortTensor",
            "CharTensor",
            "ByteTensor",
            "BoolTensor",
        ],
        reason: "tensors by the type of their numbers",
    },
    Allowed {
        modules: &["torch.storage"],
        names: &["TypedStorage", "UntypedStorage", "_TypedStorage", "_UntypedStorage"],
        reason: "the memory of tensors",
    },
];

const STORAGES: &[&str] = &[
    "DoubleStorage",
    "FloatStorage",
    "HalfStorage",
    "BFloat16Storage",
    "LongStorage",
    "IntStorage",
    "ShortStorage",
    "CharStorage",
    "ByteStorage",
    "BoolStorage",
    "ComplexDoubleStorage",
    "ComplexFloatStorage",
    "QUInt8Storage",
    "QInt8Storage",
    "QInt32Storage",
    "QUInt4x2Storage",
    "QUInt2x4Storage",
];

/// Why this global is allowed; none if it is not.
pub fn reason(module: &str, name: &str) -> Option<&'static str> {
    let mut matching = LIST.iter().filter(|entry| entry.modules.contains(&module));
    matching.find(|entry| entry.names.contains(&name)).map(|entry| entry.reason)
}

/// Whether this global is a kind of memory of tensors, as `PyTorch` names it when it
/// names a storage.
pub fn is_storage(module: &str, name: &str) -> bool {
    (matches!(module, "torch" | "torch.cuda") && STORAGES.contains(&name))
        || (module == "torch.storage"
            && name.ends_with("Storage")
            && reason(module, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::{LIST, is_storage, reason};
    use crate::danger;

    #[test]
    fn nothing_allowed_is_known_to_run_commands() {
        for entry in LIST {
            for (module, name) in
                entry.modules.iter().flat_map(|m| entry.names.iter().map(move |n| (m, n)))
            {
                assert_eq!(danger::known(module, name), None, "{module}.{name}");
                assert!(!name.contains('.') && !name.is_empty(), "{name}");
            }
            assert!(!entry.reason.is_empty());
        }
    }

    #[test]
    fn only_whole_names_match() {
        assert!(reason("collections", "OrderedDict").is_some());
        for (module, name) in [
            ("collections", "OrderedDict.__init__"),
            ("collections", "ordereddict"),
            ("collections.abc", "OrderedDict"),
            ("builtins", "getattr"),
            ("torch.storage", "_load_from_bytes"),
            ("torch", "load"),
            ("uuid", "UUID"),
            ("", ""),
        ] {
            assert_eq!(reason(module, name), None, "{module}.{name}");
        }
        assert!(
            is_storage("torch", "FloatStorage") && is_storage("torch.storage", "UntypedStorage")
        );
        assert!(!is_storage("torch", "Tensor") && !is_storage("os", "FloatStorage"));
    }
}
