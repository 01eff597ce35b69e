//! `#[pymodule]`: the functions, attributes and initializer in an inline `mod`, as a `MODULE` table.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Error, Item, ItemMod, Result};

use crate::function::{self, Flavor};
use crate::options::{Options, conditions, docstring, take};

const ATTRIBUTES: [&str; 3] = ["pyfunction", "pyattr", "pyinit"];

pub fn expand(options: TokenStream, mut module: ItemMod) -> Result<TokenStream> {
    let options = Options::parse(options, &["name", "doc", "include"])?;
    let ident = module.ident.clone();
    let name = options.name.clone().unwrap_or_else(|| function::python_name(&ident));
    let doc = options.doc.clone().unwrap_or_else(|| docstring(&module.attrs));
    // Functions of `builtins` are called `len()`, those of other modules `math.sin()`.
    let owner = if name == "builtins" { "" } else { name.as_str() };
    let span = module.span();
    let Some((_, items)) = &mut module.content else {
        return Err(Error::new(span, "`#[pymodule]` is for a module with its items in braces"));
    };
    let (mut functions, mut attributes, mut init) = (Vec::new(), Vec::new(), None);
    for item in items.iter_mut() {
        match item {
            Item::Fn(item) => {
                let Some((kind, attribute)) = take(&mut item.attrs, &ATTRIBUTES)? else { continue };
                let (ident, cfg) = (&item.sig.ident, conditions(&item.attrs));
                match kind.as_str() {
                    "pyfunction" => {
                        let options =
                            Options::of_attribute(&attribute, &["name", "sig", "text", "doc", "intrinsic"])?;
                        let doc = options.doc.clone().unwrap_or_else(|| docstring(&item.attrs));
                        let target = quote!(self::#ident);
                        let def = function::method_def(
                            &item.sig,
                            target,
                            Flavor::Function,
                            owner,
                            &doc,
                            &options,
                            None,
                        )?;
                        functions.push(quote!(#(#cfg)* #def));
                    }
                    "pyattr" => {
                        let options = Options::of_attribute(&attribute, &["name"])?;
                        let name = options.name.unwrap_or_else(|| function::python_name(ident));
                        attributes.push(attribute_def(&name, quote!(self::#ident()), &cfg));
                    }
                    _ => init = Some(quote!(#(#cfg)* { ::core::option::Option::Some(self::#ident) })),
                }
            }
            Item::Const(item) => {
                let Some((kind, attribute)) = take(&mut item.attrs, &ATTRIBUTES)? else { continue };
                if kind != "pyattr" {
                    return Err(Error::new_spanned(attribute, "a constant can only be a `#[pyattr]`"));
                }
                let options = Options::of_attribute(&attribute, &["name"])?;
                let ident = &item.ident;
                let name = options.name.unwrap_or_else(|| ident.to_string());
                attributes.push(attribute_def(&name, quote!(self::#ident), &conditions(&item.attrs)));
            }
            _ => {}
        }
    }
    let init = init.unwrap_or_else(|| quote!(::core::option::Option::None));
    let include = &options.include;
    items.push(syn::parse_quote! {
        /// The module's table.
        #[allow(clippy::all, unused_variables, unused_mut, non_upper_case_globals, deprecated)]
        pub static MODULE: ::taipan_objects::native::ModuleDef = ::taipan_objects::native::ModuleDef {
            name: #name,
            doc: #doc,
            functions: &[#(#functions),*],
            attributes: &[#(#attributes),*],
            init: #init,
            includes: &[#(&#include),*],
        };
    });
    let cfg = conditions(&module.attrs);
    Ok(quote! {
        #module
        #(#cfg)*
        pub use #ident::MODULE;
    })
}

fn attribute_def(name: &str, value: TokenStream, cfg: &[&syn::Attribute]) -> TokenStream {
    quote! {
        #(#cfg)*
        {
            fn __value() -> ::taipan_objects::error::PyResult<::taipan_objects::Obj> {
                ::taipan_objects::native::IntoPy::into_py(#value)
            }
            ::taipan_objects::native::AttributeDef { name: #name, value: __value }
        }
    }
}
