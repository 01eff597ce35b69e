//! `#[pymethods]`: the methods and attributes in an `impl` block, as `MethodDef` and `GetSetDef` tables.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Error, FnArg, ImplItem, ItemImpl, Result, Signature, Type};

use crate::function::{self, Flavor};
use crate::options::{Options, conditions, docstring, take};

const ATTRIBUTES: [&str; 4] = ["pymethod", "pyclassmethod", "pystaticmethod", "pygetset"];

/// One attribute: getter and setter share a name.
struct Attribute {
    name: String,
    doc: String,
    cfg: TokenStream,
    get: Option<TokenStream>,
    set: Option<TokenStream>,
}

pub fn expand(options: TokenStream, mut block: ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options, &["class", "part"])?;
    if block.trait_.is_some() || !block.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &block.self_ty,
            "`#[pymethods]` is for inherent, non-generic impl blocks",
        ));
    }
    let self_type = (*block.self_ty).clone();
    let class = options.class.clone().unwrap_or_else(|| class_name(&self_type));
    let (mut methods, mut attributes) = (Vec::new(), Vec::<Attribute>::new());
    for item in &mut block.items {
        let ImplItem::Fn(item) = item else { continue };
        let Some((kind, attribute)) = take(&mut item.attrs, &ATTRIBUTES)? else { continue };
        let ident = &item.sig.ident;
        let target = quote!(<#self_type>::#ident);
        let signature = without_self(&item.sig, &self_type)?;
        let cfg = conditions(&item.attrs);
        if kind == "pygetset" {
            let options = Options::of_attribute(&attribute, &["name", "setter", "doc"])?;
            let is_setter = options.setter.is_some();
            let name = options.setter.or(options.name).unwrap_or_else(|| function::python_name(ident));
            let accessor = accessor(&signature, target, &class, &name, &self_type, is_setter)?;
            let index = match attributes.iter().position(|a| a.name == name) {
                Some(index) => index,
                None => {
                    let cfg = quote!(#(#cfg)*);
                    attributes.push(Attribute { name, doc: String::new(), cfg, get: None, set: None });
                    attributes.len() - 1
                }
            };
            let slot = &mut attributes[index];
            if is_setter {
                slot.set = Some(accessor);
            } else {
                slot.get = Some(accessor);
                slot.doc = options.doc.unwrap_or_else(|| docstring(&item.attrs));
            }
            continue;
        }
        let options = Options::of_attribute(&attribute, &["name", "sig", "text", "doc", "intrinsic"])?;
        let flavor = match kind.as_str() {
            "pymethod" => Flavor::Method,
            "pyclassmethod" => Flavor::ClassMethod,
            _ => Flavor::StaticMethod,
        };
        let doc = options.doc.clone().unwrap_or_else(|| docstring(&item.attrs));
        let def = function::method_def(&signature, target, flavor, &class, &doc, &options, Some(&self_type))?;
        methods.push(quote!(#(#cfg)* #def));
    }
    let getset = attributes.iter().map(|a| {
        let Attribute { name, doc, cfg, .. } = a;
        let get = a.get.clone().unwrap_or_else(|| {
            let text = format!("the attribute `{name}` has a setter but no getter");
            quote!(::core::compile_error!(#text))
        });
        let set = match &a.set {
            Some(set) => quote!(::core::option::Option::Some(#set)),
            None => quote!(::core::option::Option::None),
        };
        quote!(#cfg ::taipan_objects::native::GetSetDef { name: #name, get: #get, set: #set, doc: #doc })
    });
    let lints =
        quote!(#[allow(clippy::all, unused_variables, unused_mut, non_upper_case_globals, deprecated)]);
    let tables = quote! {
        #lints
        static __METHODS: &[::taipan_objects::native::MethodDef] = &[#(#methods),*];
    };
    let getset = quote! {
        #lints
        static __GETSET: &[::taipan_objects::native::GetSetDef] = &[#(#getset),*];
    };
    let cfg = conditions(&block.attrs);
    let generated = match &options.part {
        None => quote! {
            #(#cfg)*
            impl ::taipan_objects::native::NativeMethods for #self_type {
                fn methods() -> &'static [::taipan_objects::native::MethodDef] { #tables __METHODS }
                fn getset() -> &'static [::taipan_objects::native::GetSetDef] { #getset __GETSET }
            }
        },
        Some(part) => {
            let methods_fn = format_ident!("{part}_methods");
            let getset_fn = format_ident!("{part}_getset");
            quote! {
                #(#cfg)*
                #[allow(dead_code)]
                impl #self_type {
                    #[doc = "The methods of this block."]
                    pub fn #methods_fn() -> &'static [::taipan_objects::native::MethodDef] { #tables __METHODS }
                    #[doc = "The attributes of this block."]
                    pub fn #getset_fn() -> &'static [::taipan_objects::native::GetSetDef] { #getset __GETSET }
                }
            }
        }
    };
    Ok(quote!(#block #generated))
}

/// The function pointer of a getter or setter.
fn accessor(
    signature: &Signature,
    target: TokenStream,
    class: &str,
    name: &str,
    self_type: &Type,
    is_setter: bool,
) -> Result<TokenStream> {
    let expected = if is_setter { 2 } else { 1 };
    let Some(first) = signature.inputs.first().filter(|_| signature.inputs.len() == expected) else {
        let text =
            "a getter takes the receiver, a setter the receiver and `value: Option<&Obj>` (`None`: delete)";
        return Err(Error::new_spanned(signature, text));
    };
    let (declaration, conversion, argument) = function::receiver_parts(first, Some(self_type))?;
    let signature_item = quote! {
        static __SIGNATURE: ::taipan_objects::native::Signature =
            ::taipan_objects::native::Signature::attribute(#name, #class);
    };
    Ok(if is_setter {
        quote! {{
            #signature_item
            fn __set(
                #declaration
                __value: ::core::option::Option<&::taipan_objects::Obj>,
            ) -> ::taipan_objects::error::PyResult<()> {
                #conversion
                #target(#argument __value)
            }
            __set
        }}
    } else {
        quote! {{
            #signature_item
            fn __get(#declaration) -> ::taipan_objects::error::PyResult<::taipan_objects::Obj> {
                #conversion
                ::taipan_objects::native::IntoPy::into_py(#target(#argument))
            }
            __get
        }}
    })
}

/// `PyList` is the class `list` unless told otherwise.
fn class_name(self_type: &Type) -> String {
    let name = function::last_segment(self_type).map(|s| s.ident.to_string()).unwrap_or_default();
    match name.strip_prefix("Py") {
        Some(rest) => rest.to_lowercase(),
        None => name,
    }
}

/// The signature with `Self` in its parameter types replaced by the type, which nested items may name.
fn without_self(signature: &Signature, self_type: &Type) -> Result<Signature> {
    fn replace(tokens: TokenStream, self_type: &TokenStream) -> TokenStream {
        tokens
            .into_iter()
            .flat_map(|token| match token {
                TokenTree::Ident(ident) if ident == "Self" => self_type.clone(),
                TokenTree::Group(group) => {
                    let mut replaced =
                        proc_macro2::Group::new(group.delimiter(), replace(group.stream(), self_type));
                    replaced.set_span(group.span());
                    TokenTree::Group(replaced).into()
                }
                other => other.into(),
            })
            .collect()
    }
    let mut signature = signature.clone();
    let self_tokens = self_type.to_token_stream();
    for input in &mut signature.inputs {
        if let FnArg::Typed(typed) = input {
            *typed.ty = syn::parse2(replace(typed.ty.to_token_stream(), &self_tokens))?;
        }
    }
    Ok(signature)
}
