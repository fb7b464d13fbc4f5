//! Globals that are known to run commands or code, to say so.
//!
//! Nothing depends on this list: what is not allowed counts as code, listed here or not.
//! Sources: the lists of picklescan 1.0.5 (`scanner.py`) and modelscan 0.8.8
//! (`settings.py`), and the gadgets that both leave out.

/// Modules of which every name counts, with all modules inside.
const MODULES: &[&str] = &[
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "socket",
    "ssl",
    "shutil",
    "pty",
    "commands",
    "runpy",
    "importlib",
    "imp",
    "ctypes",
    "_ctypes",
    "cffi",
    "pickle",
    "_pickle",
    "cPickle",
    "dill",
    "marshal",
    "shelve",
    "pdb",
    "bdb",
    "code",
    "codeop",
    "timeit",
    "trace",
    "profile",
    "cProfile",
    "pip",
    "venv",
    "ensurepip",
    "pydoc",
    "doctest",
    "webbrowser",
    "asyncio",
    "aiohttp",
    "requests",
    "httplib",
    "http",
    "urllib",
    "urllib2",
    "ftplib",
    "smtplib",
    "telnetlib",
    "imaplib",
    "poplib",
    "multiprocessing",
    "threading",
    "_thread",
    "thread",
    "signal",
    "gc",
    "inspect",
    "zipimport",
    "tempfile",
    "uuid",
    "test",
    "idlelib",
    "lib2to3",
    "distutils",
    "setuptools",
    "numpy.f2py",
    "numpy.testing",
    "_pyrepl",
    "_osx_support",
    "_aix_support",
    "antigravity",
    "turtle",
    "tkinter",
    "sqlite3",
    "cloudpickle",
    "bz2",
    "lzma",
    "gzip",
    "_xxsubinterpreters",
];

/// Single names, as `module name`.
const NAMES: &[&str] = &[
    "builtins eval",
    "builtins exec",
    "builtins execfile",
    "builtins compile",
    "builtins __import__",
    "builtins getattr",
    "builtins setattr",
    "builtins delattr",
    "builtins apply",
    "builtins open",
    "builtins file",
    "builtins input",
    "builtins raw_input",
    "builtins breakpoint",
    "builtins globals",
    "builtins locals",
    "builtins vars",
    "builtins help",
    "builtins map",
    "builtins filter",
    "builtins reload",
    "builtins reduce",
    "builtins type",
    "builtins super",
    "builtins __build_class__",
    "types CodeType",
    "types FunctionType",
    "types LambdaType",
    "types MethodType",
    "types ModuleType",
    "functools partial",
    "functools reduce",
    "functools partialmethod",
    "operator attrgetter",
    "operator itemgetter",
    "operator methodcaller",
    "operator call",
    "itertools starmap",
    "itertools accumulate",
    "pkgutil resolve_name",
    "pkgutil find_loader",
    "pkgutil get_loader",
    "zlib decompress",
    "codecs decode",
    "_codecs decode",
    "codecs open",
    "codecs lookup",
    "copyreg add_extension",
    "copyreg pickle",
    "logging FileHandler",
    "logging.config dictConfig",
    "logging.config fileConfig",
    "logging.config listen",
    "io open",
    "io open_code",
    "io FileIO",
    "_io open",
    "_io FileIO",
    "pathlib Path",
    "linecache getline",
    "atexit register",
    "site main",
    "weakref finalize",
    "ast literal_eval",
    "joblib load",
    "pandas read_pickle",
    "pandas eval",
    "numpy load",
    "numpy loads",
    "numpy fromfile",
    "numpy vectorize",
    "numpy.lib.npyio load",
    "torch load",
    "torch.serialization load",
    "torch.storage _load_from_bytes",
    "torch.hub load",
    "torch.jit load",
    "torch.utils.collect_env run",
    "torch._inductor.codecache compile_file",
    "torch.jit.unsupported_tensor_ops execWrapper",
    "torch.utils.bottleneck.__main__ run_cprofile",
    "torch.utils.bottleneck.__main__ run_autograd_prof",
    "torch._dynamo.guards GuardBuilder.get",
    "torch.utils._config_module ConfigModule.load_config",
    "torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression",
    "torch.utils.data.datapipes.utils.decoder basichandlers",
    "tensorflow.python.framework.load_library load_op_library",
    "keras.models load_model",
    "tensorflow.keras.models load_model",
];

/// Other spellings of modules, as `Lib/_compat_pickle.py` and the C modules have them.
fn plain(module: &str) -> &str {
    match module {
        "__builtin__" | "__builtins__" => "builtins",
        "_operator" => "operator",
        "_functools" => "functools",
        "copy_reg" => "copyreg",
        _ => module,
    }
}

/// What is known of this global; none if nothing is.
pub fn known(module: &str, name: &str) -> Option<&'static str> {
    let module = plain(module);
    let within = |outer: &str| {
        module.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let single = |entry: &str| {
        entry.split_once(' ').is_some_and(|(in_module, listed)| {
            let rest = name.strip_prefix(listed);
            in_module == module && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    };
    if module == "__torch__" || module.starts_with("__torch__.") {
        return Some("code of TorchScript");
    }
    if MODULES.iter().any(|outer| within(outer)) || NAMES.iter().any(|entry| single(entry)) {
        return Some("known to run commands");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn spellings_and_inner_modules_are_known() {
        for (module, name) in [
            ("os", "system"),
            ("posix", "system"),
            ("os.path", "join"),
            ("builtins", "eval"),
            ("__builtin__", "exec"),
            ("importlib", "import_module"),
            ("runpy", "_run_code"),
            ("zlib", "decompress"),
            ("pickle", "loads"),
            ("_operator", "attrgetter"),
            ("builtins", "getattr.__call__"),
            ("torch.storage", "_load_from_bytes"),
        ] {
            assert_eq!(known(module, name), Some("known to run commands"), "{module}.{name}");
        }
        assert_eq!(known("__torch__.net", "Net"), Some("code of TorchScript"));
        for (module, name) in [("osmium", "x"), ("builtins", "evaluate"), ("my.os", "system")] {
            assert_eq!(known(module, name), None, "{module}.{name}");
        }
    }
}
