//! The exceptions of `ssl`, and what failures of the TLS library become.

use rustls::{AlertDescription, Error};
use taipan_objects::prelude::*;
use taipan_objects::type_object::TypeBuilder;

use crate::native_class;

fn show(obj: &Obj) -> PyResult<Obj> {
    let strerror = getattr_str(obj, "strerror")?;
    if strerror.is_layout::<PyStr>() {
        return Ok(strerror.into_strong());
    }
    let args = getattr_str(obj, "args")?.into_strong();
    Ok(str(&args)?.into_obj())
}

native_class!(
    /// `ssl.SSLError`.
    pub fn error() = TypeBuilder::new("ssl.SSLError", types().os_error.ops)
        .base(&types().os_error)
        .slots(TypeSlots { str_: Some(show), ..TypeSlots::EMPTY })
        .doc("An error occurred in the SSL implementation.")
        .make()
);

macro_rules! classes {
    ($($function:ident $name:literal $doc:literal;)*) => { $(
        native_class!(
            #[doc = concat!("`", $name, "`.")]
            pub fn $function() = TypeBuilder::new($name, types().os_error.ops).base(error()).doc($doc).make()
        );
    )* };
}

classes! {
    zero_return "ssl.SSLZeroReturnError" "SSL/TLS session closed cleanly.";
    want_read "ssl.SSLWantReadError" "Non-blocking SSL socket needs to read more data\nbefore the requested operation can be completed.";
    want_write "ssl.SSLWantWriteError" "Non-blocking SSL socket needs to write more data\nbefore the requested operation can be completed.";
    syscall_error "ssl.SSLSyscallError" "System error when attempting SSL operation.";
    eof "ssl.SSLEOFError" "SSL/TLS connection terminated abruptly.";
}

native_class!(
    /// `ssl.SSLCertVerificationError`.
    pub fn verification_error() = TypeBuilder::new("ssl.SSLCertVerificationError", types().os_error.ops)
        .base(error())
        .also_base(&types().value_error)
        .doc("A certificate could not be verified.")
        .make()
);

/// Why a certificate is not accepted: the number and text of OpenSSL.
#[derive(Clone, Debug)]
pub struct Rejection {
    pub code: i64,
    pub text: String,
}

fn make(
    class: &Py<PyType>,
    number: i64,
    text: &str,
    library: Option<&str>,
    reason: Option<&str>,
) -> PyResult<Obj> {
    let error = crate::counted::call(class.as_obj(), &[int_obj(number), str_obj(text)])?;
    for (name, value) in [("library", library), ("reason", reason)] {
        setattr(&error, &intern(name), &value.map_or_else(none, str_obj))?;
    }
    Ok(error)
}

/// An error of a class with OpenSSL's number for it.
#[cold]
pub fn plain(class: &Py<PyType>, number: i64, text: &str) -> Raised {
    match make(class, number, text, None, None) {
        Ok(error) => raise(error),
        Err(raised) => raised,
    }
}

#[cold]
pub fn wants_read() -> Raised {
    plain(want_read(), 2, "The operation did not complete (read)")
}

#[cold]
pub fn wants_write() -> Raised {
    plain(want_write(), 3, "The operation did not complete (write)")
}

#[cold]
pub fn unexpected_eof() -> Raised {
    plain(eof(), 8, "EOF occurred in violation of protocol")
}

/// `[SSL: REASON] text`.
#[cold]
pub fn failure(library: &str, reason: &str, text: &str) -> Raised {
    let shown = format!("[{library}: {reason}] {text}");
    match make(error(), 1, &shown, Some(library), Some(reason)) {
        Ok(error) => raise(error),
        Err(raised) => raised,
    }
}

#[cold]
pub fn rejected(rejection: &Rejection) -> Raised {
    let shown = format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {}", rejection.text);
    let made = make(verification_error(), 1, &shown, Some("SSL"), Some("CERTIFICATE_VERIFY_FAILED"))
        .and_then(|error| {
            setattr(&error, &intern("verify_code"), &int_obj(rejection.code))?;
            setattr(&error, &intern("verify_message"), &str_obj(&rejection.text))?;
            Ok(error)
        });
    match made {
        Ok(error) => raise(error),
        Err(raised) => raised,
    }
}

fn alert_reason(alert: AlertDescription) -> String {
    use AlertDescription as A;
    let known = match alert {
        A::HandshakeFailure => "SSLV3_ALERT_HANDSHAKE_FAILURE",
        A::BadCertificate => "SSLV3_ALERT_BAD_CERTIFICATE",
        A::UnsupportedCertificate => "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        A::CertificateRevoked => "SSLV3_ALERT_CERTIFICATE_REVOKED",
        A::CertificateExpired => "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        A::CertificateUnknown => "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        A::BadRecordMac => "SSLV3_ALERT_BAD_RECORD_MAC",
        A::UnexpectedMessage => "SSLV3_ALERT_UNEXPECTED_MESSAGE",
        A::IllegalParameter => "SSLV3_ALERT_ILLEGAL_PARAMETER",
        A::UnknownCA => "TLSV1_ALERT_UNKNOWN_CA",
        A::AccessDenied => "TLSV1_ALERT_ACCESS_DENIED",
        A::DecodeError => "TLSV1_ALERT_DECODE_ERROR",
        A::DecryptError => "TLSV1_ALERT_DECRYPT_ERROR",
        A::ProtocolVersion => "TLSV1_ALERT_PROTOCOL_VERSION",
        A::InsufficientSecurity => "TLSV1_ALERT_INSUFFICIENT_SECURITY",
        A::InternalError => "TLSV1_ALERT_INTERNAL_ERROR",
        A::UserCanceled => "TLSV1_ALERT_USER_CANCELLED",
        A::UnrecognisedName => "TLSV1_UNRECOGNIZED_NAME",
        A::NoApplicationProtocol => "TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        A::CertificateRequired => "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        A::MissingExtension => "TLSV13_ALERT_MISSING_EXTENSION",
        other => return format!("ALERT_{}", u8::from(other)),
    };
    known.to_owned()
}

/// The exception of a failure of the library.
#[cold]
pub fn failed(error: &Error, server: bool) -> Raised {
    match error {
        Error::AlertReceived(alert) => {
            let reason = alert_reason(*alert);
            let text = reason.to_ascii_lowercase().replace('_', " ");
            failure("SSL", &reason, &text)
        }
        Error::InvalidMessage(_) => failure("SSL", "WRONG_VERSION_NUMBER", "wrong version number"),
        Error::PeerIncompatible(what) => {
            let what = format!("{what:?}");
            if what.contains("Version") || what.contains("Tls") {
                failure("SSL", "UNSUPPORTED_PROTOCOL", "unsupported protocol")
            } else if what.contains("NoCertificateRequestSignatureSchemesInCommon") || !server {
                failure("SSL", "NO_CIPHERS_AVAILABLE", &format!("no ciphers available ({what})"))
            } else {
                failure("SSL", "NO_SHARED_CIPHER", "no shared cipher")
            }
        }
        Error::NoCertificatesPresented => {
            failure("SSL", "PEER_DID_NOT_RETURN_A_CERTIFICATE", "peer did not return a certificate")
        }
        Error::InvalidCertificate(_) => rejected(&Rejection { code: 1, text: error.to_string() }),
        Error::DecryptError => {
            failure("SSL", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "decryption failed or bad record mac")
        }
        Error::PeerSentOversizedRecord => failure("SSL", "PACKET_LENGTH_TOO_LONG", "packet length too long"),
        Error::General(text) if text == "no server certificate chain resolved" => {
            failure("SSL", "NO_SHARED_CIPHER", "no shared cipher")
        }
        other => failure("SSL", "INTERNAL_ERROR", &format!("internal error ({other})")),
    }
}
