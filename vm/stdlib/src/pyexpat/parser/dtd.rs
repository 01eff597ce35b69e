//! What a document type declaration declares: entities, and attributes with their types and defaults.

use std::collections::HashMap;
use std::sync::Arc;

/// An entity.
#[derive(Debug, Default)]
pub struct Entity {
    pub text: Option<Arc<[u8]>>,
    pub system: Option<String>,
    pub public: Option<String>,
    pub base: Option<String>,
    pub notation: Option<String>,
    /// Declared in the document itself.
    pub internal: bool,
}

/// An attribute that was declared.
#[derive(Clone, Debug)]
pub struct Declared {
    pub name: Vec<u8>,
    pub cdata: bool,
    pub default: Option<Vec<u8>>,
}

/// All declarations.
#[derive(Clone, Debug)]
pub struct Dtd {
    pub general: HashMap<Vec<u8>, Arc<Entity>>,
    pub parameter: HashMap<Vec<u8>, Arc<Entity>>,
    pub elements: HashMap<Vec<u8>, Vec<Declared>>,
    pub standalone: bool,
    /// Declarations count; not after a parameter entity that was not read.
    pub keep: bool,
    pub has_parameter_refs: bool,
    pub parameter_read: bool,
}

impl Dtd {
    pub fn new() -> Dtd {
        Dtd {
            general: HashMap::default(),
            parameter: HashMap::default(),
            elements: HashMap::default(),
            standalone: false,
            keep: true,
            has_parameter_refs: false,
            parameter_read: false,
        }
    }
    pub fn table(&mut self, parameter: bool) -> &mut HashMap<Vec<u8>, Arc<Entity>> {
        if parameter { &mut self.parameter } else { &mut self.general }
    }
    /// Declares an attribute; the first declaration counts.
    pub fn declare(&mut self, element: &[u8], attribute: Declared) {
        let known = self.elements.entry(element.to_vec()).or_default();
        if !known.iter().any(|k| k.name == attribute.name) {
            known.push(attribute);
        }
    }
}
