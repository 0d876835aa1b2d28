//! JSON as AWS's services write and read it, whatever the protocol. Knows no service.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// An answer's bytes. AWS leaves out what has no value, so members that are null are not written.
pub(in crate::lab) fn encode(value: Value) -> Bytes {
    Bytes::from(pruned(value).to_string())
}

/// The value without members that are null, at any depth.
pub(in crate::lab) fn pruned(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let given = members.into_iter().filter(|(_, value)| !value.is_null());
            given.map(|(name, value)| (name, pruned(value))).collect()
        }
        Value::Array(items) => items.into_iter().map(pruned).collect(),
        plain => plain,
    }
}

/// Sets a member of an object.
pub(in crate::lab) fn set(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

/// Tags as a list of `Key` and `Value`.
pub(in crate::lab) fn tag_list<'t>(tags: impl IntoIterator<Item = (&'t String, &'t String)>) -> Value {
    tags.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// Reads tags that are given as a list of `Key` and `Value`.
pub(in crate::lab) fn tags_of_list<'de, D: Deserializer<'de>>(list: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Tag {
        key: String,
        value: String,
    }
    Ok(Vec::<Tag>::deserialize(list)?.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_not_written() {
        let answer = json!({ "a": null, "b": [{ "c": null, "d": [] }], "e": "" });
        assert_eq!(encode(answer), r#"{"b":[{"d":[]}],"e":""}"#);
    }

    #[test]
    fn tags_are_read_as_they_are_written() {
        let tags: BTreeMap<_, _> = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())].into();
        assert_eq!(tags_of_list(tag_list(&tags)).unwrap(), tags);
        assert!(tags_of_list(json!([{ "Key": "a" }])).is_err());
    }
}
