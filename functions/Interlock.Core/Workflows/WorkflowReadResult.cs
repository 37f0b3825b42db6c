using System.Collections.Immutable;
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

    /// <summary>What the pools of autonomous steps come to in the registry that the document was compared with, in words.</summary>
    internal ImmutableDictionary<TaskPath, string> Pools { get; init; } = ImmutableDictionary<TaskPath, string>.Empty;

    /// <summary>A finding at a place of the document.</summary>
    internal Finding Finding(string pointer, Severity severity, string rule, string message)
    {
        var place = Map.Nearest(pointer).Key;
        return new(File, place.Line, place.Column, pointer, severity, rule, message);
    }

    /// <summary>The result for a text that could not even be had.</summary>
    public static WorkflowReadResult Unread(Finding finding) => new(null, [finding], null) { File = finding.File };
}
