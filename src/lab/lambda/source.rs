//! The one source file in a deployment package. Knows not whether it can be run.

use aws_smithy_types::base64;
use miniz_oxide::inflate::decompress_to_vec_with_limit;
use rawzip::{CompressionMethod, ZipArchive};

use super::invalid;
use crate::lab::wire::error::ApiError;

/// The largest source that is read, in bytes; of one that unpacks to more nothing is.
const SOURCE: usize = 256 * 1024;

/// The file of a zip in base64 that a handler such as `index.handler` is in.
pub(super) fn of(zip: &str, handler: &str) -> Result<String, ApiError> {
    let module = handler.rsplit_once('.').map_or(handler, |(module, _)| module);
    let bytes = base64::decode(zip).ok();
    let source = bytes.and_then(|bytes| unpacked(&bytes, &format!("{module}.py")));
    source.ok_or_else(|| {
        invalid(format!(
            "Could not unzip uploaded file. Please check your file, then try to upload again. It must hold {module}.py."
        ))
    })
}

fn unpacked(zip: &[u8], name: &str) -> Option<String> {
    let archive = ZipArchive::from_slice(zip).ok()?;
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().ok()? {
        if entry.file_path().as_ref() != name.as_bytes() {
            continue;
        }
        let data = archive.get_entry(entry.wayfinder()).ok()?.data();
        let source = match entry.compression_method() {
            CompressionMethod::STORE => data.to_vec(),
            CompressionMethod::DEFLATE => decompress_to_vec_with_limit(data, SOURCE).ok()?,
            _ => return None,
        };
        return String::from_utf8(source).ok();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use miniz_oxide::deflate::compress_to_vec;
    use rawzip::ZipArchiveWriter;

    use super::*;

    fn zipped(name: &str, text: &str) -> String {
        let mut bytes = Vec::new();
        let mut archive = ZipArchiveWriter::new(&mut bytes);
        let new = archive.new_file(name).compression_method(CompressionMethod::DEFLATE);
        let (mut entry, config) = new.start().unwrap();
        let mut writer = config.wrap(std::io::sink());
        writer.write_all(text.as_bytes()).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.write_all(&compress_to_vec(text.as_bytes(), 6)).unwrap();
        entry.finish(descriptor).unwrap();
        archive.finish().unwrap();
        base64::encode(bytes)
    }

    #[test]
    fn the_handlers_file_is_unpacked() {
        let text = "# send-slack-spot-event\n".repeat(9);
        assert_eq!(of(&zipped("index.py", &text), "index.handler").unwrap(), text);
    }

    #[test]
    fn what_is_no_zip_or_lacks_the_file_or_is_a_bomb_is_refused() {
        let bomb = zipped("index.py", &"x".repeat(SOURCE + 1));
        for zip in ["", "!", &base64::encode("PK\u{3}\u{4}"), &zipped("app.py", "x"), &bomb] {
            assert!(of(zip, "index.handler").is_err());
        }
    }
}
