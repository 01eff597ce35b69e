//! Writing classes and functions, by name.

use taipan_objects::int::int_ref;
use taipan_objects::prelude::*;
use taipan_objects::singletons::{ellipsis, none, not_implemented};
use taipan_objects::str::codecs;
use taipan_objects::tuple::PyTuple;

use super::errors::{pickling_error, shown, while_handling};
use super::lookup::{module_of, path_of, registry};
use super::opcode::*;
use super::save::Saver;

impl Saver<'_> {
    /// Writes a class whose class is `type`.
    pub fn save_class(&mut self, obj: &Obj) -> PyResult<()> {
        for singleton in [none(), ellipsis(), not_implemented()] {
            if class_of(&singleton).to_obj().is(obj) {
                let args = tuple_obj(vec![singleton]);
                return self
                    .save_reduction(obj, &PyTuple::from_array([types().type_.as_obj().clone(), args]));
            }
        }
        self.save_global(obj, None)
    }

    /// Writes `obj` by its module and its name, or the name given.
    pub fn save_global(&mut self, obj: &Obj, name: Option<&Obj>) -> PyResult<()> {
        let name = match name {
            Some(name) => name.clone(),
            None => match getattr_opt(obj, &istr!("__qualname__"))? {
                Some(name) => name,
                None => getattr(obj, &istr!("__name__"))?,
            },
        };
        let Some(text) = name.downcast::<PyStr>() else {
            return Err(type_error(format!("name must be a str, not {}", class_of(&name).name())));
        };
        let path = path_of(text);
        let module = module_of(obj, text, &path)?;
        if self.settings.proto >= 2 && self.save_extension(&module, &name)? {
            return Ok(());
        }
        if self.settings.proto >= 4 {
            self.save(&module)?;
            self.save(&name)?;
            self.out.byte(STACK_GLOBAL);
        } else if let [first, rest @ ..] = path.as_slice() {
            let getattr = registry()?.getattr.clone();
            for _ in rest {
                self.save(&getattr)?;
                if self.settings.proto < 2 {
                    self.out.byte(MARK);
                }
            }
            self.save_top_level(module, first.as_obj().clone())?;
            for attribute in rest {
                self.save(attribute.as_obj())?;
                self.out.byte(if self.settings.proto < 2 { TUPLE } else { TUPLE2 });
                self.out.byte(REDUCE);
            }
        }
        self.memoize(obj);
        Ok(())
    }

    /// Writes the number that `copyreg.add_extension` gave to a global, if any.
    fn save_extension(&mut self, module: &Obj, name: &Obj) -> PyResult<bool> {
        let extensions = &registry()?.extensions;
        if extensions.is_empty() {
            return Ok(false);
        }
        let key = tuple_obj(vec![module.clone(), name.clone()]);
        let Some(code) = extensions.get(&key)?.map(IntoStrong::into_strong) else { return Ok(false) };
        let Some(code) = int_ref(&code).and_then(|code| code.to_i64()) else {
            return Err(type_error(format!("an integer is required (got type {})", class_of(&code).name())));
        };
        match code {
            1..=0xff => self.out.op(EXT1, &[code as u8]),
            0x100..=0xffff => self.out.op(EXT2, &(code as u16).to_le_bytes()),
            0x10000..=0x7fffffff => self.out.op(EXT4, &(code as u32).to_le_bytes()),
            _ => return Err(runtime_error(format!("extension code {code} is out of range"))),
        }
        Ok(true)
    }

    fn save_top_level(&mut self, module: Obj, name: Obj) -> PyResult<()> {
        let (module, name) = if self.settings.fix_imports { former(module, name)? } else { (module, name) };
        self.out.byte(GLOBAL);
        self.save_identifier(&module, "module")?;
        self.save_identifier(&name, "global")
    }

    fn save_identifier(&mut self, name: &Obj, what: &str) -> PyResult<()> {
        let Some(text) = name.downcast::<PyStr>() else {
            return Err(pickling_error(format!("{what} identifier must be a str")));
        };
        // Only protocols from 3 on know identifiers beyond ASCII.
        let codec = if self.settings.proto >= 3 { codecs::Codec::Utf8 } else { codecs::Codec::Ascii };
        match codecs::encode_with(text.units(), codec, "strict") {
            Ok(bytes) => {
                self.out.bytes(&bytes);
                self.out.byte(b'\n');
                Ok(())
            }
            Err(Raised) => {
                let cause = catch(&types().unicode_encode_error)?;
                Err(while_handling(cause, || {
                    pickling_error(format!(
                        "can't pickle {what} identifier {} using pickle protocol {}",
                        shown(name),
                        self.settings.proto
                    ))
                }))
            }
        }
    }
}

/// The Python 2 place of a global.
fn former(module: Obj, name: Obj) -> PyResult<(Obj, Obj)> {
    let registry = registry()?;
    let key = tuple_obj(vec![module.clone(), name.clone()]);
    if let Some(pair) = registry.old_names.get(&key)?.map(IntoStrong::into_strong) {
        return match pair.downcast::<PyTuple>().map(PyTuple::as_slice) {
            Some([module, name]) if module.is_layout::<PyStr>() && name.is_layout::<PyStr>() => {
                Ok((module.clone(), name.clone()))
            }
            Some([_, _]) => {
                Err(runtime_error("_compat_pickle.REVERSE_NAME_MAPPING values should be pairs of str"))
            }
            _ => Err(runtime_error(format!(
                "_compat_pickle.REVERSE_NAME_MAPPING values should be 2-tuples, not {}",
                class_of(&pair).name()
            ))),
        };
    }
    match registry.old_modules.get(&module)?.map(IntoStrong::into_strong) {
        Some(old) if old.is_layout::<PyStr>() => Ok((old, name)),
        Some(other) => Err(runtime_error(format!(
            "_compat_pickle.REVERSE_IMPORT_MAPPING values should be strings, not {}",
            class_of(&other).name()
        ))),
        None => Ok((module, name)),
    }
}
