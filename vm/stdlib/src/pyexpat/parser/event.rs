//! What a parser tells: events, and why it stopped. Names and numbers of errors are those of Expat's interface.

use bitflags::bitflags;

use super::names::Name;

bitflags! {
    /// What somebody wants to be told of.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Wanted: u32 {
        const START_ELEMENT = 1 << 0;
        const END_ELEMENT = 1 << 1;
        const CHARACTER_DATA = 1 << 2;
        const PROCESSING_INSTRUCTION = 1 << 3;
        const COMMENT = 1 << 4;
        const START_CDATA = 1 << 5;
        const END_CDATA = 1 << 6;
        const DEFAULT = 1 << 7;
        const UNPARSED_ENTITY = 1 << 8;
        const NOTATION = 1 << 9;
        const START_NAMESPACE = 1 << 10;
        const END_NAMESPACE = 1 << 11;
        const NOT_STANDALONE = 1 << 12;
        const EXTERNAL_ENTITY = 1 << 13;
        const START_DOCTYPE = 1 << 14;
        const END_DOCTYPE = 1 << 15;
        const ENTITY_DECL = 1 << 16;
        const XML_DECL = 1 << 17;
        const ELEMENT_DECL = 1 << 18;
        const ATTLIST_DECL = 1 << 19;
        const SKIPPED_ENTITY = 1 << 20;
        /// Internal entities are expanded although there is a default handler.
        const EXPAND = 1 << 21;
    }
}

/// A part of an element's content model.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub kind: u8,
    pub quantifier: u8,
    pub name: Option<String>,
    /// Indices into the same list.
    pub children: Vec<usize>,
}

/// What happened. Frequent events are small, because they are moved from the parser to a queue to whoever is told.
#[derive(Clone, Debug)]
pub enum Event {
    StartElement {
        name: Name,
        attributes: Vec<(Name, String)>,
        specified: usize,
    },
    EndElement(Name),
    CharacterData(String),
    ProcessingInstruction(String, String),
    Comment(String),
    StartCdata,
    EndCdata,
    Default(String),
    StartNamespace(Option<String>, Option<String>),
    EndNamespace(Option<String>),
    /// Wants a reply.
    NotStandalone,
    EndDoctype,
    /// The first part is the whole.
    ElementDecl {
        name: String,
        model: Vec<Model>,
    },
    SkippedEntity(String, bool),
    /// Wants the code points of all bytes.
    UnknownEncoding(String),
    Seldom(Box<Seldom>),
}

/// Events with many parts, which come once or twice in a document.
#[derive(Clone, Debug)]
pub enum Seldom {
    UnparsedEntity {
        name: String,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
        notation: String,
    },
    Notation {
        name: String,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
    },
    /// Wants a reply.
    ExternalEntity {
        context: Option<String>,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
    },
    StartDoctype {
        name: String,
        system: Option<String>,
        public: Option<String>,
        internal: bool,
    },
    EntityDecl {
        name: String,
        parameter: bool,
        value: Option<String>,
        base: Option<String>,
        system: Option<String>,
        public: Option<String>,
        notation: Option<String>,
    },
    XmlDecl {
        version: Option<String>,
        encoding: Option<String>,
        standalone: i8,
    },
    AttlistDecl {
        element: String,
        name: String,
        kind: String,
        default: Option<String>,
        required: bool,
    },
}

impl From<Seldom> for Event {
    fn from(seldom: Seldom) -> Event {
        Event::Seldom(Box::new(seldom))
    }
}

macro_rules! errors {
    ($($variant:ident = $number:literal $name:literal $text:literal;)*) => {
        /// Why parsing failed.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Code { $($variant = $number),* }
        /// Number, name and text of each error.
        pub const ERRORS: &[(i64, &str, &str)] = &[$(($number, $name, $text)),*];
    };
}

errors! {
    NoMemory = 1 "XML_ERROR_NO_MEMORY" "out of memory";
    Syntax = 2 "XML_ERROR_SYNTAX" "syntax error";
    NoElements = 3 "XML_ERROR_NO_ELEMENTS" "no element found";
    InvalidToken = 4 "XML_ERROR_INVALID_TOKEN" "not well-formed (invalid token)";
    UnclosedToken = 5 "XML_ERROR_UNCLOSED_TOKEN" "unclosed token";
    PartialChar = 6 "XML_ERROR_PARTIAL_CHAR" "partial character";
    TagMismatch = 7 "XML_ERROR_TAG_MISMATCH" "mismatched tag";
    DuplicateAttribute = 8 "XML_ERROR_DUPLICATE_ATTRIBUTE" "duplicate attribute";
    JunkAfterDocElement = 9 "XML_ERROR_JUNK_AFTER_DOC_ELEMENT" "junk after document element";
    ParamEntityRef = 10 "XML_ERROR_PARAM_ENTITY_REF" "illegal parameter entity reference";
    UndefinedEntity = 11 "XML_ERROR_UNDEFINED_ENTITY" "undefined entity";
    RecursiveEntityRef = 12 "XML_ERROR_RECURSIVE_ENTITY_REF" "recursive entity reference";
    AsyncEntity = 13 "XML_ERROR_ASYNC_ENTITY" "asynchronous entity";
    BadCharRef = 14 "XML_ERROR_BAD_CHAR_REF" "reference to invalid character number";
    BinaryEntityRef = 15 "XML_ERROR_BINARY_ENTITY_REF" "reference to binary entity";
    AttributeExternalEntityRef = 16 "XML_ERROR_ATTRIBUTE_EXTERNAL_ENTITY_REF" "reference to external entity in attribute";
    MisplacedXmlPi = 17 "XML_ERROR_MISPLACED_XML_PI" "XML or text declaration not at start of entity";
    UnknownEncoding = 18 "XML_ERROR_UNKNOWN_ENCODING" "unknown encoding";
    IncorrectEncoding = 19 "XML_ERROR_INCORRECT_ENCODING" "encoding specified in XML declaration is incorrect";
    UnclosedCdataSection = 20 "XML_ERROR_UNCLOSED_CDATA_SECTION" "unclosed CDATA section";
    ExternalEntityHandling = 21 "XML_ERROR_EXTERNAL_ENTITY_HANDLING" "error in processing external entity reference";
    NotStandalone = 22 "XML_ERROR_NOT_STANDALONE" "document is not standalone";
    UnexpectedState = 23 "XML_ERROR_UNEXPECTED_STATE" "unexpected parser state - please send a bug report";
    EntityDeclaredInPe = 24 "XML_ERROR_ENTITY_DECLARED_IN_PE" "entity declared in parameter entity";
    FeatureRequiresXmlDtd = 25 "XML_ERROR_FEATURE_REQUIRES_XML_DTD" "requested feature requires XML_DTD support in Expat";
    CantChangeFeatureOnceParsing = 26 "XML_ERROR_CANT_CHANGE_FEATURE_ONCE_PARSING" "cannot change setting once parsing has begun";
    UnboundPrefix = 27 "XML_ERROR_UNBOUND_PREFIX" "unbound prefix";
    UndeclaringPrefix = 28 "XML_ERROR_UNDECLARING_PREFIX" "must not undeclare prefix";
    IncompletePe = 29 "XML_ERROR_INCOMPLETE_PE" "incomplete markup in parameter entity";
    XmlDecl = 30 "XML_ERROR_XML_DECL" "XML declaration not well-formed";
    TextDecl = 31 "XML_ERROR_TEXT_DECL" "text declaration not well-formed";
    Publicid = 32 "XML_ERROR_PUBLICID" "illegal character(s) in public id";
    Suspended = 33 "XML_ERROR_SUSPENDED" "parser suspended";
    NotSuspended = 34 "XML_ERROR_NOT_SUSPENDED" "parser not suspended";
    Aborted = 35 "XML_ERROR_ABORTED" "parsing aborted";
    Finished = 36 "XML_ERROR_FINISHED" "parsing finished";
    SuspendPe = 37 "XML_ERROR_SUSPEND_PE" "cannot suspend in external parameter entity";
    ReservedPrefixXml = 38 "XML_ERROR_RESERVED_PREFIX_XML" "reserved prefix (xml) must not be undeclared or bound to another namespace name";
    ReservedPrefixXmlns = 39 "XML_ERROR_RESERVED_PREFIX_XMLNS" "reserved prefix (xmlns) must not be declared or undeclared";
    ReservedNamespaceUri = 40 "XML_ERROR_RESERVED_NAMESPACE_URI" "prefix must not be bound to one of the reserved namespace names";
    InvalidArgument = 41 "XML_ERROR_INVALID_ARGUMENT" "invalid argument";
    NoBuffer = 42 "XML_ERROR_NO_BUFFER" "a successful prior call to function XML_GetBuffer is required";
    AmplificationLimitBreach = 43 "XML_ERROR_AMPLIFICATION_LIMIT_BREACH" "limit on input amplification factor (from DTD and entities) breached";
    NotStarted = 44 "XML_ERROR_NOT_STARTED" "parser not started";
}
