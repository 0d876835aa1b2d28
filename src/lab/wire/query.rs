//! ec2Query and awsQuery: a form in, XML out. Knows no service.

use std::{borrow::Cow, collections::BTreeMap, io};

use bytes::Bytes;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};

use super::error::{ApiError, NOT_PLAYED};

pub(in crate::lab) const CONTENT_TYPE: &str = "text/xml;charset=UTF-8";

/// The fields of a request: `Action`, `InstanceId.1`, `Filter.1.Value.2`, …
#[derive(Clone, Debug, Default)]
pub(in crate::lab) struct Form(BTreeMap<String, String>);

impl Form {
    pub(in crate::lab) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(in crate::lab) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The top-level names of the inputs: `Filter` for `Filter.1.Value.2`.
    pub(in crate::lab) fn names(&self) -> Vec<String> {
        let top = |key: &String| key.split('.').next().unwrap_or_default().to_owned();
        let mut names: Vec<String> = self.0.keys().map(top).collect();
        names.dedup();
        names.retain(|name| name != "Action" && name != "Version");
        names
    }

    /// Every field by its whole name.
    pub(in crate::lab) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of `name.1`, `name.2`, … by rising number.
    pub(in crate::lab) fn list(&self, name: &str) -> Vec<&str> {
        self.numbers(name).into_iter().filter_map(|number| self.get(&format!("{name}.{number}"))).collect()
    }

    /// The fields below a name, by the rest of their names: of `Filter.1.Name` below `Filter.1` it is `Name`.
    pub(in crate::lab) fn below(&self, name: &str) -> Self {
        let rest = |(key, value): (&String, &String)| {
            let rest = key.strip_prefix(name)?.strip_prefix('.')?;
            Some((rest.to_owned(), value.clone()))
        };
        Self(self.0.iter().filter_map(rest).collect())
    }

    /// The structures of a list, whether it is written `Tag.1.Key` as EC2 has it, or `Tags.member.1.Key`.
    pub(in crate::lab) fn structures(&self, name: &str) -> Vec<Self> {
        let members = format!("{name}.member");
        let name = if self.numbers(&members).is_empty() { name } else { &members };
        self.numbers(name).into_iter().map(|number| self.below(&format!("{name}.{number}"))).collect()
    }

    pub(in crate::lab) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The numbers N for which there is a `name.N` or a `name.N.…`, rising.
    pub(in crate::lab) fn numbers(&self, name: &str) -> Vec<u32> {
        let number = |key: &String| key.strip_prefix(name)?.strip_prefix('.')?.split('.').next()?.parse().ok();
        let mut numbers: Vec<u32> = self.0.keys().filter_map(number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// A part of an answer, written as XML in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Element {
    name: Cow<'static, str>,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Text(String),
    Children(Vec<Element>),
    /// Nothing is written, not even the name.
    Absent,
}

impl Element {
    /// The elements in it.
    pub(in crate::lab) fn children(self) -> Vec<Self> {
        if let Content::Children(children) = self.content { children } else { Vec::new() }
    }
}

/// An element with text in it.
pub(in crate::lab) fn text(name: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Element {
    Element { name: name.into(), content: Content::Text(text.into()) }
}

/// An element with text in it, if there is one.
pub(in crate::lab) fn maybe(name: &'static str, content: Option<impl Into<String>>) -> Element {
    content.map_or(Element { name: name.into(), content: Content::Absent }, |content| text(name, content))
}

/// An element with elements in it.
pub(in crate::lab) fn element(name: impl Into<Cow<'static, str>>, children: Vec<Element>) -> Element {
    Element { name: name.into(), content: Content::Children(children) }
}

/// A list as EC2 writes it: `<xSet><item>…</item><item>…</item></xSet>`.
pub(in crate::lab) fn set(name: &'static str, items: impl IntoIterator<Item = Vec<Element>>) -> Element {
    element(name, items.into_iter().map(|item| element("item", item)).collect())
}

/// A list as awsQuery writes it: `<X><member>…</member></X>`.
pub(in crate::lab) fn members(name: &'static str, items: impl IntoIterator<Item = Vec<Element>>) -> Element {
    element(name, items.into_iter().map(|item| element("member", item)).collect())
}

/// A list of texts as awsQuery writes it.
pub(in crate::lab) fn texts(name: &'static str, all: impl IntoIterator<Item = impl Into<String>>) -> Element {
    element(name, all.into_iter().map(|one| text("member", one)).collect())
}

/// Tags as awsQuery's services write them.
pub(in crate::lab) fn tags(tags: &BTreeMap<String, String>) -> Element {
    members("Tags", tags.iter().map(|(key, value)| vec![text("Key", key), text("Value", value)]))
}

/// How a service of this family writes its XML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Dialect {
    /// ec2Query, of this API version.
    Ec2 { version: &'static str },
    /// awsQuery, in this XML namespace.
    Aws { namespace: &'static str },
}

impl Dialect {
    /// An answer. EC2 puts `<requestId>` first; the others wrap the content in a result and add `<ResponseMetadata>`.
    pub(in crate::lab) fn response(
        self,
        operation: &str,
        request_id: &str,
        content: Vec<Element>,
    ) -> io::Result<Bytes> {
        let name = format!("{operation}Response");
        match self {
            Self::Ec2 { version } => {
                let children = std::iter::once(text("requestId", request_id)).chain(content).collect();
                let namespace = format!("http://ec2.amazonaws.com/doc/{version}/");
                document(&element(name, children), Some(&namespace))
            }
            Self::Aws { namespace } => {
                let result = element(format!("{operation}Result"), content);
                let metadata = element("ResponseMetadata", vec![text("RequestId", request_id)]);
                document(&element(name, vec![result, metadata]), Some(namespace))
            }
        }
    }

    /// A refusal; EC2 spells the id `RequestID`.
    pub(in crate::lab) fn error(self, error: &ApiError, request_id: &str) -> io::Result<Bytes> {
        let words = [text("Code", error.code.clone()), text("Message", error.message.clone())];
        match self {
            Self::Ec2 { .. } => {
                let errors = element("Errors", vec![element("Error", words.to_vec())]);
                document(&element("Response", vec![errors, text("RequestID", request_id)]), None)
            }
            Self::Aws { namespace } => {
                let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
                let inner = std::iter::once(text("Type", fault)).chain(words).collect();
                let children = vec![element("Error", inner), text("RequestId", request_id)];
                document(&element("ErrorResponse", children), Some(namespace))
            }
        }
    }
}

pub(in crate::lab) fn unknown_operation(action: &str) -> ApiError {
    let message = format!("The action {action} is not valid for this web service. {NOT_PLAYED}");
    ApiError::bad("InvalidAction", message)
}

fn document(root: &Element, namespace: Option<&str>) -> io::Result<Bytes> {
    let mut writer = Writer::new(Vec::new());
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    write(&mut writer, root, namespace)?;
    Ok(Bytes::from(writer.into_inner()))
}

fn write(writer: &mut Writer<Vec<u8>>, element: &Element, namespace: Option<&str>) -> io::Result<()> {
    let start = writer.create_element(element.name.as_ref());
    let start = start.with_attributes(namespace.map(|namespace| ("xmlns", namespace)));
    match &element.content {
        Content::Text(text) => start.write_text_content(BytesText::new(text))?,
        Content::Children(children) => {
            start.write_inner_content(|writer| children.iter().try_for_each(|child| write(writer, child, None)))?
        }
        Content::Absent => return Ok(()),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC2: Dialect = Dialect::Ec2 { version: "2016-11-15" };
    const AWS: Dialect = Dialect::Aws { namespace: "urn:x" };

    fn xml(bytes: io::Result<Bytes>) -> String {
        String::from_utf8(bytes.unwrap().to_vec()).unwrap()
    }

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let form =
            Form::parse(b"InstanceId.10=j&InstanceId.2=b&InstanceId.1=a&Filter.1.Name=tag%3Ax&Filter.1.Value.1=y+z");
        assert_eq!(form.list("InstanceId"), ["a", "b", "j"]);
        assert_eq!(form.numbers("Filter"), [1]);
        assert_eq!(form.get("Filter.1.Name"), Some("tag:x"));
        assert_eq!(form.list("Filter.1.Value"), ["y z"]);
        assert!(form.list("Instance").is_empty());
    }

    #[test]
    fn an_ec2_answer() {
        let pair = vec![text("key", "a<b"), text("value", "\"&"), maybe("description", None::<String>)];
        let content = vec![set("tagSet", [pair])];
        insta::assert_snapshot!(xml(EC2.response("DescribeTags", "r-1", content)), @r#"<?xml version="1.0" encoding="UTF-8"?><DescribeTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r-1</requestId><tagSet><item><key>a&lt;b</key><value>&quot;&amp;</value></item></tagSet></DescribeTagsResponse>"#);
    }

    #[test]
    fn an_ec2_refusal() {
        let error = ApiError::bad("InvalidInstanceID.NotFound", "The instance ID 'i-1' does not exist");
        insta::assert_snapshot!(xml(EC2.error(&error, "r-1")), @"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance ID &apos;i-1&apos; does not exist</Message></Error></Errors><RequestID>r-1</RequestID></Response>");
    }

    #[test]
    fn an_awsquery_answer_and_refusal() {
        let content = vec![text("Account", "000000000000")];
        insta::assert_snapshot!(xml(AWS.response("GetCallerIdentity", "r-1", content)), @r#"<?xml version="1.0" encoding="UTF-8"?><GetCallerIdentityResponse xmlns="urn:x"><GetCallerIdentityResult><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"#);
        insta::assert_snapshot!(xml(AWS.error(&unknown_operation("Nope"), "r-1")), @r#"<?xml version="1.0" encoding="UTF-8"?><ErrorResponse xmlns="urn:x"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>The action Nope is not valid for this web service. The lab does not play it: `spotdrill lab promises` lists what it does.</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"#);
    }
}
