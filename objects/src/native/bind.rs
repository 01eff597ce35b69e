//! Binding of call arguments to the parameters of a [`Signature`], and the errors of calls that do not fit.
//! The order of the checks is CPython's, so that a call with several mistakes reports the same one.

use taipan_gc::Obj;

use super::bridge::{str_equals, str_text};
use super::{Args, Shape, Signature, bridge, suggestion};
use crate::error::{PyResult, Raised, type_error};

/// Which parameter is being converted, for error texts.
#[derive(Clone, Copy)]
pub struct Place {
    pub signature: &'static Signature,
    pub index: usize,
}

impl Place {
    #[inline(always)]
    pub const fn new(signature: &'static Signature, index: usize) -> Place {
        Place { signature, index }
    }
    /// "f() argument 1 must be str, not int", raised.
    #[cold]
    pub fn refuse(self, expected: &str, given: &Obj) -> Raised {
        let signature = self.signature;
        let which = if signature.shape == Shape::One {
            "argument".to_string()
        } else if self.index < signature.positional_only {
            format!("argument {}", self.index + 1)
        } else {
            format!("argument '{}'", signature.names.get(self.index).copied().unwrap_or("?"))
        };
        let given = if bridge::is_none(given) { "None".to_string() } else { bridge::type_name(given) };
        type_error(format!("{}() {which} must be {expected}, not {given}", signature.name))
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

impl Signature {
    /// "list.append", "math.sin" or "len".
    fn qualified(&self) -> String {
        if self.owner.is_empty() { self.name.to_string() } else { format!("{}.{}", self.owner, self.name) }
    }

    /// The positional arguments without the receiver.
    #[inline(always)]
    fn given<'a>(&self, args: &Args<'a>) -> &'a [Obj] {
        if self.receiver { args.positional.get(1..).unwrap_or(&[]) } else { args.positional }
    }

    /// What goes to `*args`.
    #[inline]
    pub fn rest<'a>(&self, args: &Args<'a>) -> &'a [Obj] {
        self.given(args).get(self.positional..).unwrap_or(&[])
    }

    /// Fills one slot for each of `names`. Missing arguments without default are an error here.
    #[inline]
    pub fn bind<'a>(&self, args: &Args<'a>, slots: &mut [Option<&'a Obj>]) -> PyResult<()> {
        let given = self.given(args);
        // Bits of the required parameters that positional arguments cannot fill: none in most signatures.
        let by_name_only = self.required_mask.checked_shr(self.positional as u32).unwrap_or(0);
        if args.keyword_names.is_empty()
            && given.len() >= self.required
            && (given.len() <= self.positional || self.varargs)
            && by_name_only == 0
        {
            for (slot, value) in slots.iter_mut().zip(&given[..given.len().min(self.positional)]) {
                *slot = Some(value);
            }
            return Ok(());
        }
        self.bind_slow(given, args, slots)
    }

    fn bind_slow<'a>(
        &self,
        given: &'a [Obj],
        args: &Args<'a>,
        slots: &mut [Option<&'a Obj>],
    ) -> PyResult<()> {
        let count = given.len();
        let keywords = args.keyword_names.len();
        if !self.varargs && !self.kwargs && count + keywords > self.names.len() {
            // "keyword" keeps the text true for bare keyword calls.
            let kind = if count == 0 { "keyword " } else { "" };
            return Err(type_error(format!(
                "{}() takes at most {} {kind}argument{} ({} given)",
                self.name,
                self.names.len(),
                plural(self.names.len()),
                count + keywords
            )));
        }
        if !self.varargs && count > self.positional {
            if self.positional == 0 {
                return Err(type_error(format!("{}() takes no positional arguments", self.name)));
            }
            let bound = if self.required < self.positional { "at most" } else { "exactly" };
            return Err(self.refuse_positional_count(bound, self.positional, count));
        }
        let needed = self.required.min(self.positional_only);
        if count < needed {
            let bound = if needed < self.positional { "at least" } else { "exactly" };
            return Err(self.refuse_positional_count(bound, needed, count));
        }
        for (slot, value) in slots.iter_mut().zip(&given[..count.min(self.positional)]) {
            *slot = Some(value);
        }
        let mut unused = keywords;
        for (index, slot) in
            slots.iter_mut().enumerate().skip(count.min(self.positional).max(self.positional_only))
        {
            if unused > 0
                && let Some(value) = keyword(args, self.names[index])
            {
                *slot = Some(value);
                unused -= 1;
            } else if self.required_mask >> index.min(63) & 1 != 0 {
                return Err(self.refuse_missing(index));
            }
        }
        if unused > 0 {
            for index in self.positional_only..count.min(self.positional) {
                if keyword(args, self.names[index]).is_some() {
                    return Err(type_error(format!(
                        "argument for {}() given by name ('{}') and position ({})",
                        self.name,
                        self.names[index],
                        index + 1
                    )));
                }
            }
            if !self.kwargs {
                return Err(self.refuse_keyword(args));
            }
        }
        Ok(())
    }

    #[cold]
    fn refuse_positional_count(&self, bound: &str, limit: usize, given: usize) -> Raised {
        type_error(format!(
            "{}() takes {bound} {limit} positional argument{} ({given} given)",
            self.name,
            plural(limit)
        ))
    }

    /// "f() missing required argument 'x' (pos 1)"
    #[cold]
    pub fn refuse_missing(&self, index: usize) -> Raised {
        let name = self.names.get(index).copied().unwrap_or("?");
        type_error(format!("{}() missing required argument '{name}' (pos {})", self.name, index + 1))
    }

    #[cold]
    fn refuse_keyword(&self, args: &Args<'_>) -> Raised {
        let names = self.keyword_names();
        for given in args.keyword_names {
            let Some(text) = str_text(given) else { return type_error("keywords must be strings") };
            if !names.contains(&&*text) {
                let hint = match suggestion(&text, names.iter().copied()) {
                    Some(name) => format!(". Did you mean '{name}'?"),
                    None => String::new(),
                };
                return type_error(format!(
                    "{}() got an unexpected keyword argument '{text}'{hint}",
                    self.name
                ));
            }
        }
        // Two keywords with the same name, which only a native caller can produce.
        type_error(format!("{}() got multiple values for a keyword argument", self.name))
    }

    /// The error of a call that does not fit a signature without keywords.
    #[cold]
    pub fn refuse_positional(&self, args: &Args<'_>) -> Raised {
        if self.receiver && args.positional.is_empty() {
            return type_error(format!("unbound method {}() needs an argument", self.qualified()));
        }
        if !args.keyword_names.is_empty() && !self.kwargs {
            return type_error(format!("{}() takes no keyword arguments", self.qualified()));
        }
        let given = self.given(args).len();
        match self.shape {
            Shape::NoArgs => type_error(format!("{}() takes no arguments ({given} given)", self.qualified())),
            Shape::One => {
                type_error(format!("{}() takes exactly one argument ({given} given)", self.qualified()))
            }
            Shape::Positional | Shape::Keywords => {
                let (bound, limit) = if self.required == self.positional && !self.varargs {
                    ("", self.required)
                } else if given < self.required {
                    ("at least ", self.required)
                } else {
                    ("at most ", self.positional)
                };
                type_error(format!(
                    "{} expected {bound}{limit} argument{}, got {given}",
                    self.name,
                    plural(limit)
                ))
            }
        }
    }

    /// "descriptor 'append' for 'list' objects doesn't apply to a 'int' object"
    #[cold]
    pub fn refuse_receiver(&self, receiver: &Obj) -> Raised {
        type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            self.name,
            self.owner,
            bridge::type_name(receiver)
        ))
    }
}

/// The named argument `name`.
fn keyword<'a>(args: &Args<'a>, name: &str) -> Option<&'a Obj> {
    let at = args.keyword_names.iter().position(|given| str_equals(given, name))?;
    args.keyword_values.get(at)
}
