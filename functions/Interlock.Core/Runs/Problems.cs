using Interlock.Core.Workflows;

namespace Interlock.Core.Runs;

/// <summary>The interpreter's own failures, with the DSL's types and status codes.</summary>
internal static class Problems
{
    public static Problem Expression(ExpressionException e, FrameId at) => new(ProblemTypes.Expression, 400, "An expression failed", e.Message, at.Value);

    public static Problem Validation(string detail, FrameId at) => new(ProblemTypes.Validation, 400, "A value is not valid", detail, at.Value);

    public static Problem Runtime(string detail, FrameId at) => new(ProblemTypes.Runtime, 500, "The run cannot go on", detail, at.Value);

    public static Problem Timeout(Frame frame) =>
        new(ProblemTypes.Timeout, 408, "Out of time", $"{(frame.Id == FrameId.Root ? "The workflow" : $"The task '{frame.Path.Name}'")} did not end in time.", frame.Id.Value);
}
