//! `#[pyargs]`: argument binding for a function that is no table entry, such as a class's constructor slot.
//!
//! `fn new(class: &Py<PyType>, iterable: &Obj, start: Option<&Obj>) -> R` with `sig = "(iterable, start=0)"` becomes
//! `fn new(class: &Py<PyType>, args: &Args<'_>) -> R`: the Rust parameters beyond those of `sig` come first and stay.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, FnArg, ItemFn, Pat, Result, ReturnType};

use crate::function::{self, Binding, Shape};
use crate::options::Options;
use crate::signature;

pub fn expand(options: TokenStream, item: ItemFn) -> Result<TokenStream> {
    let options = Options::parse(options, &["name", "sig", "class"])?;
    let sig = options.sig.as_deref().ok_or_else(|| Error::new_spanned(&item.sig, "`sig` is needed here"))?;
    let count = signature::parse(sig).map_err(|e| Error::new_spanned(&item.sig, e))?.len();
    let Some(leading) = item.sig.inputs.len().checked_sub(count) else {
        return Err(Error::new_spanned(
            &item.sig,
            format!("`sig` has {count} parameters, the Rust function fewer"),
        ));
    };
    let name = options.name.clone().unwrap_or_else(|| function::python_name(&item.sig.ident));
    let owner = options.class.clone().unwrap_or_default();
    let mut binding = Binding::new(name, &item.sig, &options, leading, false)?;
    if binding.shape == Shape::One {
        // Constructors have no `METH_O`: "reversed expected 1 argument, got 0".
        binding.shape = Shape::Positional;
    }
    let (declarations, conversions, arguments) = binding.conversions()?;
    let mut inner = item.sig.clone();
    let assoc = item.sig.inputs.iter().take(leading).any(|input| matches!(input, FnArg::Receiver(_)));
    inner.ident = format_ident!("__{}_bound", item.sig.ident);
    let target = &inner.ident;
    let (mut outer_inputs, mut pass) = (Vec::new(), Vec::new());
    let mut receiver = quote!();
    for (index, input) in item.sig.inputs.iter().take(leading).enumerate() {
        match input {
            FnArg::Receiver(_) => {
                outer_inputs.push(quote!(#input));
                receiver = quote!(self.);
            }
            FnArg::Typed(typed) => {
                let ident = match &*typed.pat {
                    Pat::Ident(pat) => pat.ident.clone(),
                    _ => format_ident!("__l{index}"),
                };
                let ty = &typed.ty;
                outer_inputs.push(quote!(#ident: #ty));
                pass.push(quote!(#ident));
            }
        }
    }
    let ReturnType::Type(_, result) = &item.sig.output else {
        return Err(Error::new_spanned(&item.sig, "the function returns a `PyResult`"));
    };
    let signature_item = binding.signature_item(&owner);
    // Here `__bound` is a closure, as it captures the leading parameters.
    let dispatch = binding.dispatch();
    let (attributes, visibility, ident, body) = (&item.attrs, &item.vis, &item.sig.ident, &item.block);
    let nested = quote!(#[allow(clippy::too_many_arguments)] #inner #body);
    let (before, sibling) = if assoc { (quote!(), nested) } else { (nested, quote!()) };
    Ok(quote! {
        #sibling
        #(#attributes)*
        #[allow(clippy::needless_question_mark)]
        #visibility fn #ident(#(#outer_inputs,)* __args: &::taipan_objects::native::Args<'_>) -> #result {
            #before
            #signature_item
            let __bound = |#(#declarations),*| -> #result {
                #(#conversions)*
                #receiver #target(#(#pass,)* #(#arguments),*)
            };
            #dispatch
        }
    })
}
