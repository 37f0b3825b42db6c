using Interlock.Json;

namespace Interlock.Core.Workflows;

/// <summary>
/// The five questions of a pre-production review, answered for one document: <c>gates</c>, <c>deprecation</c>, <c>audit</c>,
/// <c>on-error-on-timeout</c>, <c>pools</c>. A document with one of them failed is not published.
/// </summary>
public sealed record ReadinessReport(string File, IReadOnlyList<ReadinessAnswer> Answers)
{
    /// <summary>Every step that a run can take; empty when the document could not be read so far.</summary>
    public IReadOnlyList<PathStep> Path { get; init; } = [];

    public bool Passed => Answers.All(answer => answer.Passed);

    public static ReadinessReport For(WorkflowReadResult result) => Checks.Readiness.Of(result);

    public JsonValue ToJson() => JsonValue.Object(
        ("file", File), ("passed", Passed), ("answers", JsonValue.Array(Answers.Select(answer => answer.ToJson()))),
        ("path", JsonValue.Array(Path.Select(step => step.ToJson()))));
}

/// <summary>One question and what the document says to it.</summary>
public sealed record ReadinessAnswer(string Id, string Question, bool Passed, IReadOnlyList<ReadinessEvidence> Evidence)
{
    public JsonValue ToJson() => JsonValue.Object(("id", Id), ("question", Question), ("passed", Passed), ("evidence", JsonValue.Array(Evidence.Select(one => one.ToJson()))));
}

/// <summary>A place of the document that speaks for the answer, or (<see cref="Failed"/>) against it. The line is 0 without source text.</summary>
public sealed record ReadinessEvidence(string TaskPath, int Line, string Reason, bool Failed)
{
    public JsonValue ToJson() => JsonValue.Object(("pointer", TaskPath), ("line", Line), ("reason", Reason), ("failed", Failed));
}
