namespace Interlock.Core.Workflows.Checks;

/// <summary>Answers the questions of the readiness report from the definition and its findings.</summary>
internal static class Readiness
{
    public static ReadinessReport Of(WorkflowReadResult result) => new(result.File, []);
}
