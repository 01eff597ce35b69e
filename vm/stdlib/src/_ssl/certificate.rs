//! Certificates as Python sees them: a dict of what is in one, and `_ssl.Certificate`.

use taipan_objects::native::*;
use taipan_objects::prelude::*;
use taipan_objects::type_object::{CompareOp, TypeBuilder, new_instance};
use x509_parser::extensions::{DistributionPointName, GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::errors;
use super::oid;
use crate::native_class;
use crate::native_class::receiver;

/// A `Certificate`.
#[repr(C)]
pub struct PyCertificate {
    header: Header,
    der: Vec<u8>,
}
layout!(PyCertificate, "_ssl.Certificate");

native_class!(
    pub fn class() = TypeBuilder::new("_ssl.Certificate", PyCertificate::ops())
        .no_instantiation()
        .slots(TypeSlots {
            repr: Some(show),
            hash: Some(|obj| Ok(taipan_objects::str::hash_bytes(&receiver::<PyCertificate>(obj)?.der))),
            richcompare: Some(compare),
            ..TypeSlots::EMPTY
        })
        .methods(PyCertificate::methods())
        .make()
);

pub fn make(der: &[u8]) -> Obj {
    new_instance(class(), |header| PyCertificate { header, der: der.to_vec() }).into_obj()
}

fn show(obj: &Obj) -> PyResult<Obj> {
    let this = receiver::<PyCertificate>(obj)?;
    let name = X509Certificate::from_der(&this.der).map(|(_, c)| c.subject().to_string()).unwrap_or_default();
    Ok(str_obj(&format!("<_ssl.Certificate '{name}'>")))
}

fn compare(a: &Obj, b: &Obj, op: CompareOp) -> PyResult<Obj> {
    let (Some(x), Some(y)) = (a.downcast::<PyCertificate>(), b.downcast::<PyCertificate>()) else {
        return Ok(not_implemented());
    };
    match op {
        CompareOp::Eq => Ok(bool_obj(x.der == y.der)),
        CompareOp::Ne => Ok(bool_obj(x.der != y.der)),
        _ => Ok(not_implemented()),
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A certificate's text form.
pub fn pem_of(der: &[u8]) -> String {
    let mut text = String::new();
    for group in der.chunks(3) {
        let word = group.iter().fold(0u32, |word, b| word << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let c = if i > group.len() { b'=' } else { BASE64[(word >> (18 - 6 * i)) as usize & 63] };
            text.push(char::from(c));
        }
    }
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

#[pymethods(class = "_ssl.Certificate")]
impl PyCertificate {
    #[pymethod(sig = "(format=1, /)")]
    fn public_bytes(&self, format: i64) -> PyResult<Obj> {
        match format {
            1 => Ok(str_obj(&pem_of(&self.der))),
            2 => Ok(bytes_obj(&self.der)),
            _ => Err(value_error("Unsupported format")),
        }
    }
    #[pymethod]
    fn get_info(&self) -> PyResult<Obj> {
        decode(&self.der)
    }
}

fn name_of(name: &X509Name<'_>) -> Obj {
    let parts = name.iter_rdn().map(|part| {
        let attributes = part.iter().map(|attribute| {
            let value = match attribute.as_str() {
                Ok(text) => text.to_owned(),
                Err(_) => attribute.as_slice().iter().map(|b| char::from(*b)).collect(),
            };
            tuple_obj(vec![str_obj(&oid::long_name(&attribute.attr_type().to_id_string())), str_obj(&value)])
        });
        tuple_obj(attributes.collect())
    });
    tuple_obj(parts.collect())
}

/// A time as OpenSSL writes it.
fn time_of(seconds: i64) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, second) = (seconds.div_euclid(86400), seconds.rem_euclid(86400));
    // Days to a civil date, in years that begin in March.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let name = MONTHS[(month - 1).clamp(0, 11) as usize];
    format!("{name} {day:2} {:02}:{:02}:{:02} {year} GMT", second / 3600, second / 60 % 60, second % 60)
}

fn address_of(bytes: &[u8]) -> String {
    match bytes.len() {
        4 => bytes.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        16 => bytes
            .chunks(2)
            .map(|pair| format!("{:X}", u16::from_be_bytes([pair[0], pair[1]])))
            .collect::<Vec<_>>()
            .join(":"),
        _ => "<invalid>".to_owned(),
    }
}

fn general_name(name: &GeneralName<'_>) -> Obj {
    let text = |kind: &str, value: &str| tuple_obj(vec![str_obj(kind), str_obj(value)]);
    match name {
        GeneralName::DNSName(value) => text("DNS", value),
        GeneralName::RFC822Name(value) => text("email", value),
        GeneralName::URI(value) => text("URI", value),
        GeneralName::DirectoryName(name) => tuple_obj(vec![str_obj("DirName"), name_of(name)]),
        GeneralName::IPAddress(bytes) => text("IP Address", &address_of(bytes)),
        GeneralName::RegisteredID(id) => text("Registered ID", &id.to_id_string()),
        GeneralName::OtherName(..) => text("othername", "<unsupported>"),
        _ => text("othername", "<unsupported>"),
    }
}

fn uris<'a>(names: impl Iterator<Item = &'a GeneralName<'a>>) -> Vec<Obj> {
    names
        .filter_map(|name| match name {
            GeneralName::URI(uri) => Some(str_obj(uri)),
            _ => None,
        })
        .collect()
}

/// What is in a certificate.
pub fn decode(der: &[u8]) -> PyResult<Obj> {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else {
        return Err(errors::failure("ASN1", "NOT_ENOUGH_DATA", "not enough data"));
    };
    let dict = dict_obj();
    dict.set_str("subject", name_of(certificate.subject()));
    dict.set_str("issuer", name_of(certificate.issuer()));
    dict.set_str("version", int_obj(i64::from(certificate.version().0) + 1));
    let serial: String = certificate.raw_serial().iter().map(|b| format!("{b:02X}")).collect();
    let serial = if serial.len() > 2 { serial.strip_prefix("00").unwrap_or(&serial) } else { &serial };
    dict.set_str("serialNumber", str_obj(serial));
    dict.set_str("notBefore", str_obj(&time_of(certificate.validity().not_before.timestamp())));
    dict.set_str("notAfter", str_obj(&time_of(certificate.validity().not_after.timestamp())));
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                let names = names.general_names.iter().map(general_name).collect();
                dict.set_str("subjectAltName", tuple_obj(names));
            }
            ParsedExtension::AuthorityInfoAccess(access) => {
                for (key, id) in [("OCSP", "1.3.6.1.5.5.7.48.1"), ("caIssuers", "1.3.6.1.5.5.7.48.2")] {
                    let chosen = access.accessdescs.iter().filter(|a| a.access_method.to_id_string() == id);
                    let found = uris(chosen.map(|a| &a.access_location));
                    if !found.is_empty() {
                        dict.set_str(key, tuple_obj(found));
                    }
                }
            }
            ParsedExtension::CRLDistributionPoints(points) => {
                let mut found = Vec::new();
                for point in &points.points {
                    if let Some(DistributionPointName::FullName(names)) = &point.distribution_point {
                        found.extend(uris(names.iter()));
                    }
                }
                if !found.is_empty() {
                    dict.set_str("crlDistributionPoints", tuple_obj(found));
                }
            }
            _ => {}
        }
    }
    Ok(dict.into_obj())
}

/// Whether bytes are a certificate.
pub fn is_one(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok()
}

/// Whether a certificate is an authority's.
pub fn is_authority(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, c)| c.is_ca() || c.version().0 == 0)
}
