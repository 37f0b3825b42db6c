using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// What reading gave: the definition when nothing is wrong with the document (warnings aside), every finding in document order,
/// and the document as JSON when it could be read that far.
/// </summary>
public sealed record WorkflowReadResult(WorkflowDefinition? Definition, IReadOnlyList<Finding> Findings, JsonValue? Document)
{
    /// <summary>The definition as far as it was built, also when findings forbid using it: only for reports about the document.</summary>
    internal WorkflowDefinition? Draft { get; init; }

    internal Reading.SourceMap Map { get; init; } = Reading.SourceMap.None;

    internal string File { get; init; } = "";

    /// <summary>The result for a text that could not even be had.</summary>
    public static WorkflowReadResult Unread(Finding finding) => new(null, [finding], null) { File = finding.File };
}
