//! The options in an attribute's parentheses: `name = "...", sig = "...", include(a::B, c::D)`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Lit, Meta, Path, Result, Token};

/// All options that any of the macros takes; each macro refuses the others by name.
#[derive(Default)]
pub struct Options {
    pub name: Option<String>,
    pub sig: Option<String>,
    /// `__text_signature__` if it differs from `sig`; the empty text: none.
    pub text: Option<String>,
    pub doc: Option<String>,
    pub class: Option<String>,
    pub part: Option<String>,
    pub setter: Option<String>,
    /// The variant of `Intrinsic` that the function is.
    pub intrinsic: Option<String>,
    pub include: Vec<Path>,
}

impl Options {
    /// Parses `tokens`, accepting only the options named in `allowed`.
    pub fn parse(tokens: TokenStream, allowed: &[&str]) -> Result<Options> {
        let mut options = Options::default();
        for meta in Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)? {
            let key = meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
            if !allowed.contains(&key.as_str()) {
                return Err(Error::new_spanned(
                    &meta,
                    format!("unknown option; the options are: {}", allowed.join(", ")),
                ));
            }
            if key == "include" {
                let list = meta.require_list()?;
                let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list.tokens.clone())?;
                options.include.extend(paths);
                continue;
            }
            let text = literal(&meta.require_name_value()?.value)?;
            *match key.as_str() {
                "name" => &mut options.name,
                "sig" => &mut options.sig,
                "text" => &mut options.text,
                "doc" => &mut options.doc,
                "class" => &mut options.class,
                "part" => &mut options.part,
                "intrinsic" => &mut options.intrinsic,
                _ => &mut options.setter,
            } = Some(text);
        }
        Ok(options)
    }

    /// The options of an attribute on an item: `#[name]` or `#[name(...)]`.
    pub fn of_attribute(attribute: &Attribute, allowed: &[&str]) -> Result<Options> {
        match &attribute.meta {
            Meta::Path(_) => Ok(Options::default()),
            Meta::List(list) => Options::parse(list.tokens.clone(), allowed),
            Meta::NameValue(meta) => Err(Error::new_spanned(meta, "write the options in parentheses")),
        }
    }
}

fn literal(expr: &Expr) -> Result<String> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.value()),
        _ => Err(Error::new_spanned(expr, "a string literal is expected")),
    }
}

/// Takes the attribute called one of `names` out of `attributes`. The last segment of its path counts.
pub fn take(attributes: &mut Vec<Attribute>, names: &[&str]) -> Result<Option<(String, Attribute)>> {
    let mut found = None;
    let mut index = 0;
    while index < attributes.len() {
        let name = attributes[index].path().segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
        if names.contains(&name.as_str()) {
            let attribute = attributes.remove(index);
            if found.is_some() {
                return Err(Error::new_spanned(attribute, "one of these attributes per item"));
            }
            found = Some((name, attribute));
        } else {
            index += 1;
        }
    }
    Ok(found)
}

/// The `#[cfg]`s, which the generated parts share.
pub fn conditions(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|a| a.path().is_ident("cfg")).collect()
}

/// The doc comment as a docstring: one leading space of each line removed.
pub fn docstring(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let Meta::NameValue(meta) = &attribute.meta
            && meta.path.is_ident("doc")
            && let Ok(text) = literal(&meta.value)
        {
            lines.extend(text.split('\n').map(|l| l.strip_prefix(' ').unwrap_or(l).to_string()));
        }
    }
    lines.join("\n").trim_matches('\n').to_string()
}
