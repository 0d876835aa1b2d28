//! CloudFormation: change sets, stacks and their events. Knows not what a resource does once it is made.
//!
//! Choices of the lab: stacks act by the caller's own right (`RoleARN` is refused), an update always rolls back when it
//! fails, every resource with `CREATE_FAILED` is listed as failed, a change of metadata alone shows as one event
//! `UPDATE_COMPLETE` of its resource, and a deleted secret is gone at once.

mod change_sets;
mod describe;
mod drift;
mod request;
mod stacks;
mod templates;

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, maybe},
        token::{Page, Paging},
    },
};

const DIALECT: Dialect = Dialect::Aws { namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/" };

pub(super) const SERVICE: Service = Service {
    signing_name: "cloudformation",
    title: "CloudFormation",
    global: false,
    refused: &[
        ("CreateStackSet", "the lab plays one account and one region"),
        ("ListExports", "templates of the lab have no exports"),
        ("ContinueUpdateRollback", "nothing that the lab makes can get stuck in a rollback"),
        ("CancelUpdateStack", "updates of the lab run to their end"),
    ],
    protocols: &[Protocol::Query(DIALECT, OPERATIONS)],
};

const CREATES: Promise = Promise::Simplified(
    "TemplateURL, RoleARN, NotificationARNs, stack policies, rollback triggers, time-outs and imports are refused; \
     templates have no transforms, rules or exports",
);
const CHANGES: Promise =
    Promise::Simplified("one detail for each property that changes; PropertyValues are those of whole properties");
const DRIFTS: Promise =
    Promise::Simplified("SecretString is not looked at; nested values are compared to their leaves");

#[rustfmt::skip]
const OPERATIONS: &[QueryOperation] = &[
    QueryOperation { name: "CreateChangeSet", promise: CREATES, takes: &["StackName", "TemplateBody", "UsePreviousTemplate", "Parameters", "Capabilities", "Tags", "ChangeSetName", "Description", "ChangeSetType", "OnStackFailure"], run: change_sets::create },
    QueryOperation { name: "DescribeChangeSet", promise: CHANGES, takes: &["ChangeSetName", "StackName", "IncludePropertyValues", "NextToken"], run: change_sets::describe },
    QueryOperation { name: "ListChangeSets", promise: Promise::Faithful, takes: &["StackName", "NextToken"], run: change_sets::list },
    QueryOperation { name: "ExecuteChangeSet", promise: Promise::Simplified("DisableRollback holds for the creation of a stack alone"), takes: &["ChangeSetName", "StackName", "ClientRequestToken", "DisableRollback"], run: change_sets::execute },
    QueryOperation { name: "DeleteChangeSet", promise: Promise::Faithful, takes: &["ChangeSetName", "StackName"], run: change_sets::delete },
    QueryOperation { name: "CreateStack", promise: CREATES, takes: &["StackName", "TemplateBody", "Parameters", "DisableRollback", "Capabilities", "OnFailure", "Tags", "ClientRequestToken"], run: stacks::create },
    QueryOperation { name: "UpdateStack", promise: CREATES, takes: &["StackName", "TemplateBody", "UsePreviousTemplate", "Parameters", "Capabilities", "Tags", "ClientRequestToken"], run: stacks::update },
    QueryOperation { name: "DeleteStack", promise: Promise::Simplified("RoleARN and forced deletion are refused"), takes: &["StackName", "RetainResources", "ClientRequestToken"], run: stacks::delete },
    QueryOperation { name: "DescribeStacks", promise: Promise::Faithful, takes: &["StackName", "NextToken"], run: describe::stacks },
    QueryOperation { name: "ListStacks", promise: Promise::Faithful, takes: &["StackStatusFilter", "NextToken"], run: describe::list_stacks },
    QueryOperation { name: "DescribeStackEvents", promise: Promise::Faithful, takes: &["StackName", "NextToken"], run: describe::events },
    QueryOperation { name: "DescribeStackResource", promise: Promise::Faithful, takes: &["StackName", "LogicalResourceId"], run: describe::resource },
    QueryOperation { name: "DescribeStackResources", promise: Promise::Faithful, takes: &["StackName", "LogicalResourceId", "PhysicalResourceId"], run: describe::resources },
    QueryOperation { name: "ListStackResources", promise: Promise::Faithful, takes: &["StackName", "NextToken"], run: describe::list_resources },
    QueryOperation { name: "GetTemplate", promise: Promise::Faithful, takes: &["StackName", "ChangeSetName", "TemplateStage"], run: templates::get },
    QueryOperation { name: "GetTemplateSummary", promise: Promise::Simplified("without resource identifiers"), takes: &["TemplateBody", "StackName"], run: templates::summary },
    QueryOperation { name: "ValidateTemplate", promise: Promise::Faithful, takes: &["TemplateBody"], run: templates::validate },
    QueryOperation { name: "DetectStackDrift", promise: DRIFTS, takes: &["StackName", "LogicalResourceIds"], run: drift::detect },
    QueryOperation { name: "DescribeStackDriftDetectionStatus", promise: DRIFTS, takes: &["StackDriftDetectionId"], run: drift::status },
    QueryOperation { name: "DescribeStackResourceDrifts", promise: DRIFTS, takes: &["StackName", "StackResourceDriftStatusFilters", "MaxResults", "NextToken"], run: drift::resources },
];

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationError", message)
}

/// A page of the answer to an operation that lists 100 things, if `MaxResults` does not say fewer.
const PAGES: Paging = Paging {
    names: ("MaxResults", "NextToken"),
    sizes: (100, 100),
    wrong_size: "ValidationError",
    wrong_token: ("ValidationError", "The specified NextToken is not valid."),
};

fn page_of<T>(form: &Form, operation: &str, items: impl IntoIterator<Item = T>) -> Result<Page<T>, ApiError> {
    page_of_places(form, operation, (1..).zip(items))
}

/// The same of items that have their places.
fn page_of_places<T>(
    form: &Form,
    operation: &str,
    items: impl IntoIterator<Item = (u64, T)>,
) -> Result<Page<T>, ApiError> {
    PAGES.page(operation, (form.get("MaxResults"), form.get("NextToken")), items)
}

/// A page as an answer; the last one has no token.
fn listing(list: Element, next: Option<String>) -> Vec<Element> {
    vec![list, maybe("NextToken", next)]
}
