//! What must not come to the XML reader, because it would read it for ever: its work grows with the square of these.

/// The most attributes of one element.
const ATTRIBUTES: usize = 500;

/// The most declarations of namespaces in one document.
const NAMESPACES: usize = 2_000;

/// Says why a document is not to be read, if it is not.
pub(super) fn refuse(document: &[u8]) -> Option<&'static str> {
    let mut rest = document;
    let mut namespaces = 0;
    while let Some(at) = rest.iter().position(|byte| *byte == b'<') {
        rest = &rest[at + 1..];
        if let Some(inside) = rest.strip_prefix(b"![CDATA[") {
            rest = after(inside, b"]]>");
        } else if let Some(inside) = rest.strip_prefix(b"!--") {
            rest = after(inside, b"-->");
        } else {
            let end = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
            let tag = &rest[..end];
            if tag.iter().filter(|byte| **byte == b'=').count() > ATTRIBUTES {
                return Some("an element has too many attributes");
            }
            namespaces += tag.windows(5).filter(|word| *word == b"xmlns").count();
            if namespaces > NAMESPACES {
                return Some("it declares too many namespaces");
            }
            rest = &rest[end..];
        }
    }
    None
}

fn after<'a>(rest: &'a [u8], end: &[u8]) -> &'a [u8] {
    let found = rest.windows(end.len()).position(|window| window == end);
    found.map_or(&[][..], |at| &rest[at + end.len()..])
}

#[cfg(test)]
mod tests {
    use super::refuse;

    #[test]
    fn usual_documents_are_read_and_traps_are_not() {
        let page = "=".repeat(2_000);
        let usual = format!("<rss xmlns:a=\"b\"><item a=\"1\"/><![CDATA[<p {page}>]]><!-- <x {page}> --></rss>");
        assert_eq!(refuse(usual.as_bytes()), None);
        let attributes = format!("<rss><item {}/></rss>", "a=\"\" ".repeat(1_000));
        assert!(refuse(attributes.as_bytes()).unwrap().contains("attributes"));
        let namespaces = "<a xmlns:x=\"y\">".repeat(3_000);
        assert!(refuse(namespaces.as_bytes()).unwrap().contains("namespaces"));
    }
}
