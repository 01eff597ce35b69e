//! One native function: from a Rust `fn` and its options to a `MethodDef` expression with the argument binding inside.
//!
//! The expression is a block holding a signature, `__bound` (conversions and the call), `__call` (vectorcall) and the fast
//! entries. All paths are absolute, and the user's function is named through `self::` or its type, so that the block's own
//! names shadow nothing.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Error, FnArg, GenericArgument, Ident, Pat, PathArguments, Result, Signature, Type};

use crate::options::Options;
use crate::signature::{self, Kind, Parameter};

/// How Python sees the function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    Function,
    Method,
    ClassMethod,
    StaticMethod,
}

impl Flavor {
    fn receiver(self) -> Option<&'static str> {
        match self {
            Flavor::Function => Some("$module"),
            Flavor::Method => Some("$self"),
            Flavor::ClassMethod => Some("$type"),
            Flavor::StaticMethod => None,
        }
    }
    fn has_receiver(self) -> bool {
        matches!(self, Flavor::Method | Flavor::ClassMethod)
    }
    fn variant(self) -> TokenStream {
        let name = match self {
            Flavor::Function => "Function",
            Flavor::Method => "Method",
            Flavor::ClassMethod => "ClassMethod",
            Flavor::StaticMethod => "StaticMethod",
        };
        let ident = Ident::new(name, Span::call_site());
        quote!(::taipan_objects::native::MethodKind::#ident)
    }
}

/// Everything about a function that the generated code depends on.
pub struct Binding {
    pub name: String,
    pub parameters: Vec<Parameter>,
    pub types: Vec<Type>,
    pub shape: Shape,
    /// Whether the first of the vectorcall's positional arguments is the receiver.
    pub receiver: bool,
}

/// CPython's calling conventions, told apart by their error texts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    NoArgs,
    One,
    Positional,
    Keywords,
}

impl Binding {
    /// Matches the signature text (or, without one, the Rust parameters) with the parameters after the first `skip`.
    pub fn new(
        name: String,
        function: &Signature,
        options: &Options,
        skip: usize,
        receiver: bool,
    ) -> Result<Binding> {
        let mut typed = Vec::new();
        for input in function.inputs.iter().skip(skip) {
            let FnArg::Typed(input) = input else {
                return Err(Error::new_spanned(input, "`self` is not expected here"));
            };
            let rust_name = match &*input.pat {
                Pat::Ident(pat) => pat.ident.to_string(),
                _ => "_".into(),
            };
            typed.push((rust_name, (*input.ty).clone()));
        }
        let parameters = match &options.sig {
            Some(text) => {
                signature::parse(text).map_err(|e| Error::new_spanned(function, format!("in `sig`: {e}")))?
            }
            None => typed.iter().map(|(name, ty)| derive(name, ty)).collect(),
        };
        if parameters.len() != typed.len() {
            let text =
                format!("`sig` has {} parameters, the Rust function {}", parameters.len(), typed.len());
            return Err(Error::new_spanned(function, text));
        }
        for (parameter, (_, ty)) in parameters.iter().zip(&typed) {
            let fits = match parameter.kind {
                Kind::VarArgs => is_slice_of_obj(ty),
                Kind::VarKeywords => last_segment(ty).is_some_and(|s| s.ident == "Kwargs"),
                _ => true,
            };
            if !fits {
                let text = format!(
                    "`{}` is `&[Obj]` (for `*args`) or `Kwargs<'_>` (for `**kwargs`)",
                    parameter.name
                );
                return Err(Error::new_spanned(ty, text));
            }
        }
        let has = |kind| parameters.iter().any(|p| p.kind == kind);
        let shape = if has(Kind::Positional) || has(Kind::KeywordOnly) {
            Shape::Keywords
        } else if parameters.is_empty() {
            Shape::NoArgs
        } else if parameters.len() == 1
            && parameters[0].kind == Kind::PositionalOnly
            && parameters[0].default.is_none()
        {
            Shape::One
        } else {
            Shape::Positional
        };
        Ok(Binding {
            name,
            parameters,
            types: typed.into_iter().map(|(_, ty)| ty).collect(),
            shape,
            receiver,
        })
    }

    fn named(&self) -> impl Iterator<Item = (usize, &Parameter)> {
        self.parameters
            .iter()
            .enumerate()
            .filter(|(_, p)| !matches!(p.kind, Kind::VarArgs | Kind::VarKeywords))
    }
    fn has(&self, kind: Kind) -> bool {
        self.parameters.iter().any(|p| p.kind == kind)
    }
    fn positional(&self) -> usize {
        self.parameters.iter().filter(|p| matches!(p.kind, Kind::PositionalOnly | Kind::Positional)).count()
    }
    fn required(&self) -> usize {
        self.named().filter(|(_, p)| p.kind != Kind::KeywordOnly && p.default.is_none()).count()
    }

    /// `static __SIGNATURE`.
    pub fn signature_item(&self, owner: &str) -> TokenStream {
        let name = &self.name;
        let names: Vec<&str> = self.named().map(|(_, p)| p.name.as_str()).collect();
        let positional_only = self.parameters.iter().filter(|p| p.kind == Kind::PositionalOnly).count();
        let (positional, required) = (self.positional(), self.required());
        let mask: u64 = self
            .named()
            .enumerate()
            .filter(|(_, (_, p))| p.default.is_none())
            .fold(0, |mask, (at, _)| mask | 1 << at.min(63));
        let shape = Ident::new(
            match self.shape {
                Shape::NoArgs => "NoArgs",
                Shape::One => "One",
                Shape::Positional => "Positional",
                Shape::Keywords => "Keywords",
            },
            Span::call_site(),
        );
        let (varargs, kwargs, receiver) =
            (self.has(Kind::VarArgs), self.has(Kind::VarKeywords), self.receiver);
        quote! {
            static __SIGNATURE: ::taipan_objects::native::Signature = ::taipan_objects::native::Signature {
                name: #name,
                owner: #owner,
                shape: ::taipan_objects::native::Shape::#shape,
                receiver: #receiver,
                names: &[#(#names),*],
                positional_only: #positional_only,
                positional: #positional,
                required: #required,
                required_mask: #mask,
                varargs: #varargs,
                kwargs: #kwargs,
            };
        }
    }

    /// `(parameter declarations of __bound, its conversions, the converted arguments)`.
    pub fn conversions(&self) -> Result<(Vec<TokenStream>, Vec<TokenStream>, Vec<TokenStream>)> {
        let (mut declarations, mut conversions, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
        let mut place = 0usize;
        for (index, (parameter, ty)) in self.parameters.iter().zip(&self.types).enumerate() {
            let raw = format_ident!("__a{index}");
            let converted = format_ident!("__c{index}");
            match parameter.kind {
                Kind::VarArgs => {
                    declarations.push(quote!(#raw: &[::taipan_objects::Obj]));
                    arguments.push(quote!(#raw));
                    continue;
                }
                Kind::VarKeywords => {
                    declarations.push(quote!(#raw: ::taipan_objects::native::Kwargs<'_>));
                    arguments.push(quote!(#raw));
                    continue;
                }
                _ => {}
            }
            let at = quote!(::taipan_objects::native::Place::new(&__SIGNATURE, #place));
            place += 1;
            let how = conversion(ty);
            match &parameter.default {
                None => {
                    declarations.push(quote!(#raw: &::taipan_objects::Obj));
                    let value = how.required(quote!(#raw), &at);
                    conversions.push(quote!(let #converted = #value;));
                }
                Some(default) => {
                    declarations.push(quote!(#raw: ::core::option::Option<&::taipan_objects::Obj>));
                    if let Some(inner) = option_of(ty) {
                        let inner_how = conversion(inner);
                        let none_is_absent = default == "None" && !inner_how.takes_any_object();
                        let value = match inner_how {
                            Conversion::Text if none_is_absent => {
                                quote!(::taipan_objects::native::text_or_none_argument(__given, #at)?)
                            }
                            _ => inner_how.required(quote!(__given), &at),
                        };
                        let guard = if none_is_absent {
                            quote!(if !::taipan_objects::native::is_none(__given))
                        } else {
                            quote!()
                        };
                        conversions.push(quote! {
                            let #converted = match #raw {
                                ::core::option::Option::Some(__given) #guard => ::core::option::Option::Some(#value),
                                _ => ::core::option::Option::None,
                            };
                        });
                        arguments.push(inner_how.pass_option(&converted));
                        continue;
                    }
                    let literal = default_literal(default, &how, ty)?;
                    let value = how.required(quote!(__given), &at);
                    conversions.push(quote! {
                        let #converted = match #raw {
                            ::core::option::Option::Some(__given) => #value,
                            ::core::option::Option::None => #literal,
                        };
                    });
                }
            }
            arguments.push(how.pass(&converted));
        }
        Ok((declarations, conversions, arguments))
    }

    /// The body of the vectorcall entry, given `__args: &Args<'_>`; calls `__bound(receiver.., parameters..)`.
    pub fn dispatch(&self) -> TokenStream {
        if self.shape == Shape::Keywords { self.dispatch_keywords() } else { self.dispatch_positional() }
    }

    fn dispatch_positional(&self) -> TokenStream {
        let (required, positional) = (self.required(), self.positional());
        let kwargs = self.has(Kind::VarKeywords);
        let receiver: Vec<_> = self.receiver.then(|| quote!(__receiver)).into_iter().collect();
        let mut arms = Vec::new();
        for given in (required..=positional).rev() {
            let names: Vec<_> = (0..given).map(|i| format_ident!("__p{i}")).collect();
            let mut pattern: Vec<_> =
                receiver.iter().cloned().chain(names.iter().map(|n| quote!(#n))).collect();
            let rest = self.has(Kind::VarArgs) && given == positional;
            if rest {
                pattern.push(quote!(__rest @ ..));
            }
            let arguments = self.arguments(given, &names, if rest { quote!(__rest) } else { quote!(&[]) });
            arms.push(quote!([#(#pattern),*] => return __bound(#(#receiver,)* #(#arguments),*),));
        }
        let matching = quote! {
            match __args.positional {
                #(#arms)*
                #[allow(unreachable_patterns)]
                _ => {}
            }
        };
        let matching =
            if kwargs { matching } else { quote!(if __args.keyword_names.is_empty() { #matching }) };
        quote! {
            #matching
            ::core::result::Result::Err(__SIGNATURE.refuse_positional(__args))
        }
    }

    /// The arguments after the receiver for a call with `given` positional arguments.
    fn arguments(&self, given: usize, names: &[Ident], rest: TokenStream) -> Vec<TokenStream> {
        let mut arguments = Vec::new();
        let mut at = 0;
        for parameter in &self.parameters {
            arguments.push(match parameter.kind {
                Kind::VarArgs => rest.clone(),
                Kind::VarKeywords => quote!(::taipan_objects::native::Kwargs::of(__args, &[])),
                _ => {
                    let present = at < given;
                    at += 1;
                    match (present, parameter.default.is_some()) {
                        (true, false) => {
                            let name = &names[at - 1];
                            quote!(#name)
                        }
                        (true, true) => {
                            let name = &names[at - 1];
                            quote!(::core::option::Option::Some(#name))
                        }
                        (false, _) => quote!(::core::option::Option::None),
                    }
                }
            });
        }
        arguments
    }

    fn dispatch_keywords(&self) -> TokenStream {
        let count = self.named().count();
        let slots: Vec<_> = (0..count).map(|i| format_ident!("__s{i}")).collect();
        let unwraps = self.named().enumerate().filter(|(_, (_, p))| p.default.is_none()).map(|(at, _)| {
            let slot = &slots[at];
            quote! {
                let ::core::option::Option::Some(#slot) = #slot else {
                    return ::core::result::Result::Err(__SIGNATURE.refuse_missing(#at));
                };
            }
        });
        let (take, receiver) = if self.receiver {
            let take = quote! {
                let [__receiver, ..] = __args.positional else {
                    return ::core::result::Result::Err(__SIGNATURE.refuse_positional(__args));
                };
            };
            (take, vec![quote!(__receiver)])
        } else {
            (quote!(), vec![])
        };
        let mut slot = slots.iter();
        let arguments = self.parameters.iter().map(|p| match p.kind {
            Kind::VarArgs => quote!(__SIGNATURE.rest(__args)),
            Kind::VarKeywords => {
                quote!(::taipan_objects::native::Kwargs::of(__args, __SIGNATURE.keyword_names()))
            }
            _ => {
                let slot = slot.next();
                quote!(#slot)
            }
        });
        quote! {
            #take
            let mut __slots: [::core::option::Option<&::taipan_objects::Obj>; #count] = [::core::option::Option::None; #count];
            __SIGNATURE.bind(__args, &mut __slots)?;
            let [#(#slots),*] = __slots;
            #(#unwraps)*
            __bound(#(#receiver,)* #(#arguments),*)
        }
    }

    /// `(number of arguments, entry item)` of each fast entry: calls with exactly that many positional arguments.
    fn fast_entries(&self) -> Vec<(usize, TokenStream)> {
        if self.has(Kind::VarArgs) || self.has(Kind::VarKeywords) {
            return vec![];
        }
        if self.named().any(|(_, p)| p.kind == Kind::KeywordOnly && p.default.is_none()) {
            return vec![];
        }
        let receiver = usize::from(self.receiver);
        let mut counts = vec![self.required()];
        if self.positional() != self.required() {
            counts.push(self.positional());
        }
        let mut entries = Vec::new();
        for given in counts.into_iter().filter(|given| given + receiver <= 3) {
            let names: Vec<_> = (0..given).map(|i| format_ident!("__p{i}")).collect();
            let head: Vec<_> = self.receiver.then(|| quote!(__receiver)).into_iter().collect();
            let declared = head.iter().cloned().chain(names.iter().map(|n| quote!(#n)));
            let arguments = self.arguments(given, &names, quote!(&[]));
            let entry = format_ident!("__fast{}", given + receiver);
            entries.push((
                given + receiver,
                quote! {
                    fn #entry(#(#declared: &::taipan_objects::Obj),*) -> ::taipan_objects::error::PyResult<::taipan_objects::Obj> {
                        __bound(#(#head,)* #(#arguments),*)
                    }
                },
            ));
        }
        entries
    }
}

/// The `MethodDef` expression. `target` is the path to call; `self_type` the type of the `impl` block.
pub fn method_def(
    function: &Signature,
    target: TokenStream,
    flavor: Flavor,
    owner: &str,
    doc: &str,
    options: &Options,
    self_type: Option<&Type>,
) -> Result<TokenStream> {
    let name = options.name.clone().unwrap_or_else(|| python_name(&function.ident));
    let receiver = flavor.has_receiver();
    if receiver && function.inputs.is_empty() {
        return Err(Error::new_spanned(
            function,
            "a method's first parameter is `&self`, `slf: &Obj` or `slf: &Py<Self>`",
        ));
    }
    let binding = Binding::new(name, function, options, usize::from(receiver), receiver)?;
    let signature_item = binding.signature_item(owner);
    let (declarations, conversions, arguments) = binding.conversions()?;
    let (receiver_declaration, receiver_conversion, receiver_argument) = match function.inputs.first() {
        Some(first) if receiver => receiver_parts(first, self_type)?,
        _ => (quote!(), quote!(), quote!()),
    };
    let dispatch = binding.dispatch();
    let entries = binding.fast_entries();
    let items = entries.iter().map(|(_, item)| item);
    let fast: Vec<TokenStream> = (0..4)
        .map(|count| match entries.iter().any(|(n, _)| *n == count) {
            true => {
                let entry = format_ident!("__fast{count}");
                quote!(::core::option::Option::Some(#entry))
            }
            false => quote!(::core::option::Option::None),
        })
        .collect();
    let (fast0, fast1, fast2, fast3) = (&fast[0], &fast[1], &fast[2], &fast[3]);
    let (python, kind) = (&binding.name, flavor.variant());
    let intrinsic = format_ident!("{}", options.intrinsic.as_deref().unwrap_or("None"));
    let text = match options.text.as_deref() {
        Some("") => quote!(::core::option::Option::None),
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => {
            let text = signature::text(&binding.parameters, flavor.receiver());
            quote!(::core::option::Option::Some(#text))
        }
    };
    Ok(quote! {{
        #signature_item
        fn __bound(
            #receiver_declaration
            #(#declarations),*
        ) -> ::taipan_objects::error::PyResult<::taipan_objects::Obj> {
            #receiver_conversion
            #(#conversions)*
            ::taipan_objects::native::IntoPy::into_py(#target(#receiver_argument #(#arguments),*))
        }
        fn __call(__args: &::taipan_objects::native::Args<'_>) -> ::taipan_objects::error::PyResult<::taipan_objects::Obj> {
            #dispatch
        }
        #(#items)*
        ::taipan_objects::native::MethodDef {
            name: #python,
            kind: #kind,
            call: __call,
            doc: #doc,
            text_signature: #text,
            signature: &__SIGNATURE,
            fast0: #fast0,
            fast1: #fast1,
            fast2: #fast2,
            fast3: #fast3,
            intrinsic: ::taipan_objects::native::Intrinsic::#intrinsic,
        }
    }})
}

/// Declaration, conversion and argument of the receiver `__receiver`.
pub fn receiver_parts(
    first: &FnArg,
    self_type: Option<&Type>,
) -> Result<(TokenStream, TokenStream, TokenStream)> {
    let declaration = quote!(__receiver: &::taipan_objects::Obj,);
    let downcast = |ty: &TokenStream| {
        quote! {
            let ::core::option::Option::Some(__self) = __receiver.downcast::<#ty>() else {
                return ::core::result::Result::Err(__SIGNATURE.refuse_receiver(__receiver));
            };
        }
    };
    match first {
        FnArg::Receiver(receiver) => {
            if receiver.reference.is_none() || receiver.mutability.is_some() {
                return Err(Error::new_spanned(receiver, "objects are shared: the receiver is `&self`"));
            }
            let ty =
                self_type.ok_or_else(|| Error::new_spanned(receiver, "`&self` outside of an impl block"))?;
            Ok((declaration, downcast(&quote!(#ty)), quote!(__self,)))
        }
        FnArg::Typed(typed) => {
            let Type::Reference(reference) = &*typed.ty else {
                return Err(Error::new_spanned(typed, "the receiver is `&self`, `&Obj`, `&Py<T>` or `&T`"));
            };
            let target = &*reference.elem;
            if is_path(target, "Obj") {
                return Ok((declaration, quote!(), quote!(__receiver,)));
            }
            if let Some(inner) = generic_of(target, "Py") {
                let take = quote! {
                    let ::core::option::Option::Some(__self) = __receiver.to_py::<#inner>() else {
                        return ::core::result::Result::Err(__SIGNATURE.refuse_receiver(__receiver));
                    };
                };
                return Ok((declaration, take, quote!(&__self,)));
            }
            Ok((declaration, downcast(&quote!(#target)), quote!(__self,)))
        }
    }
}

/// How a Rust parameter type is made from an `&Obj`.
pub enum Conversion<'t> {
    /// `&Obj`
    Borrowed,
    /// `Obj`
    Owned,
    /// `&str`, by way of a `Cow<str>`
    Text,
    /// `&Py<T>`, by way of a `Py<T>`
    SharedRef(&'t Type),
    /// `&T` for a layout `T`
    Layout(&'t Type),
    /// `Option<T>`: Python's `None` or a `T`
    Optional(&'t Type),
    /// Anything with `FromArg`
    Trait(&'t Type),
}

pub fn conversion(ty: &Type) -> Conversion<'_> {
    match ty {
        Type::Reference(reference) => match &*reference.elem {
            elem if is_path(elem, "Obj") => Conversion::Borrowed,
            elem if is_path(elem, "str") => Conversion::Text,
            elem => match generic_of(elem, "Py") {
                Some(inner) => Conversion::SharedRef(inner),
                None => Conversion::Layout(elem),
            },
        },
        Type::Path(_) if is_path(ty, "Obj") => Conversion::Owned,
        Type::Path(_) => match option_of(ty) {
            Some(inner) => Conversion::Optional(inner),
            None => Conversion::Trait(ty),
        },
        _ => Conversion::Trait(ty),
    }
}

impl Conversion<'_> {
    fn takes_any_object(&self) -> bool {
        matches!(self, Conversion::Borrowed | Conversion::Owned | Conversion::Optional(_))
    }

    /// The converted value (a temporary for what is passed by reference) of the expression `raw: &Obj`.
    fn required(&self, raw: TokenStream, at: &TokenStream) -> TokenStream {
        match self {
            Conversion::Borrowed => raw,
            Conversion::Owned => quote!(::core::clone::Clone::clone(#raw)),
            Conversion::Text => quote!(::taipan_objects::native::text_argument(#raw, #at)?),
            Conversion::SharedRef(inner) => {
                quote!(<::taipan_objects::Py<#inner> as ::taipan_objects::native::FromArg<'_>>::from_arg_at(#raw, #at)?)
            }
            Conversion::Layout(inner) => {
                quote!(::taipan_objects::native::layout_argument::<#inner>(#raw, #at)?)
            }
            Conversion::Optional(inner) => {
                let inner = conversion(inner);
                let converted = inner.required(raw.clone(), at);
                quote! {
                    if ::taipan_objects::native::is_none(#raw) { ::core::option::Option::None } else { ::core::option::Option::Some(#converted) }
                }
            }
            Conversion::Trait(ty) => {
                quote!(<#ty as ::taipan_objects::native::FromArg<'_>>::from_arg_at(#raw, #at)?)
            }
        }
    }

    /// The expression that passes the converted value on.
    fn pass(&self, converted: &Ident) -> TokenStream {
        match self {
            Conversion::Text => quote!(&*#converted),
            Conversion::SharedRef(_) => quote!(&#converted),
            Conversion::Optional(inner) => conversion(inner).pass_option(converted),
            _ => quote!(#converted),
        }
    }

    /// As [`Conversion::pass`] for an `Option` of the converted value.
    fn pass_option(&self, converted: &Ident) -> TokenStream {
        match self {
            Conversion::Text => quote!(#converted.as_deref()),
            Conversion::SharedRef(_) => quote!(#converted.as_ref()),
            _ => quote!(#converted),
        }
    }
}

/// A default as a Rust value for a parameter that is no `Option`.
fn default_literal(default: &str, how: &Conversion<'_>, ty: &Type) -> Result<TokenStream> {
    let wrong = || {
        let text = format!("the default `{default}` is no literal of this type: use `Option<...>`");
        Error::new_spanned(ty, text)
    };
    if let Some(text) = signature::string_literal(default) {
        return match how {
            Conversion::Text => Ok(quote!(::std::borrow::Cow::Borrowed(#text))),
            Conversion::Trait(ty) if is_path(ty, "String") => Ok(quote!(::std::string::String::from(#text))),
            _ => Err(wrong()),
        };
    }
    if !matches!(how, Conversion::Trait(_)) {
        return Err(wrong());
    }
    match default {
        "True" => return Ok(quote!(true)),
        "False" => return Ok(quote!(false)),
        _ => {}
    }
    let digits = default.strip_prefix('-').unwrap_or(default);
    let minus = (digits.len() != default.len()).then(|| quote!(-));
    let number: syn::Lit = syn::parse_str(digits).map_err(|_| wrong())?;
    match number {
        syn::Lit::Int(_) if is_path(ty, "f64") => {
            let float: syn::Lit = syn::parse_str(&format!("{digits}.0")).map_err(|_| wrong())?;
            Ok(quote!(#minus #float))
        }
        syn::Lit::Int(_) | syn::Lit::Float(_) => Ok(quote!(#minus #number)),
        _ => Err(wrong()),
    }
}

/// A parameter of a function without `sig`.
fn derive(rust_name: &str, ty: &Type) -> Parameter {
    let kind = if is_slice_of_obj(ty) {
        Kind::VarArgs
    } else if last_segment(ty).is_some_and(|s| s.ident == "Kwargs") {
        Kind::VarKeywords
    } else {
        Kind::PositionalOnly
    };
    let name = rust_name.trim_start_matches("r#").trim_start_matches('_').trim_end_matches('_');
    let name = if name.is_empty() { "object" } else { name };
    Parameter { name: name.to_string(), kind, default: None }
}

/// `r#type` and `type_` are `type` in Python.
pub fn python_name(ident: &Ident) -> String {
    let name = ident.to_string();
    let name = name.trim_start_matches("r#");
    if name.starts_with('_') { name.to_string() } else { name.trim_end_matches('_').to_string() }
}

pub fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) => path.path.segments.last(),
        Type::Paren(inner) => last_segment(&inner.elem),
        Type::Group(inner) => last_segment(&inner.elem),
        _ => None,
    }
}

fn is_path(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|s| s.ident == name && s.arguments.is_none())
}

fn generic_of<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let segment = last_segment(ty).filter(|s| s.ident == name)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|a| match a {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        }),
        _ => None,
    }
}

fn option_of(ty: &Type) -> Option<&Type> {
    generic_of(ty, "Option")
}

fn is_slice_of_obj(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            matches!(&*reference.elem, Type::Slice(slice) if is_path(&slice.elem, "Obj"))
        }
        _ => false,
    }
}
