using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// Documents of the DSL that say nothing of what Interlock asks for besides: what a step does on an error and on a timeout, and what bounds it. They
/// are valid, they don't publish, and a trial runs them completed.
/// </summary>
public static class StandardDocument
{
    private const string Bound = "PT1H";

    private static readonly string[] Actions = ["onError", "onTimeout"];

    /// <summary>Whether this is all that keeps the document from being used.</summary>
    public static bool IsAllMissing(WorkflowReadResult read) =>
        read is { Definition: null, Document: not null } && read.Findings.Where(finding => finding.Severity == Severity.Error).All(finding => finding.Rule is "on-error" or "on-timeout");

    /// <summary>The document with <c>onError: fail</c>, <c>onTimeout: fail</c> and a timeout of an hour, each where it says nothing.</summary>
    public static JsonValue Complete(JsonValue document)
    {
        var header = document["document"] ?? JsonValue.EmptyObject;
        var metadata = header["metadata"] ?? JsonValue.EmptyObject;
        var interlock = metadata["interlock"] ?? JsonValue.EmptyObject;
        foreach (var member in Actions.Where(member => interlock[member] is null)) interlock = interlock.With(member, "fail");
        var completed = document.With("document", header.With("metadata", metadata.With("interlock", interlock)));
        return document["timeout"] is null ? completed.With("timeout", JsonValue.Object(("after", Bound))) : completed;
    }
}
