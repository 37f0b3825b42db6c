namespace Interlock.Core.Runs;

/// <summary>Carries a problem out of nested evaluation to the frame it belongs to; never leaves the machine.</summary>
internal sealed class DataFlowException(Problem problem) : Exception(problem.Title)
{
    public Problem Problem { get; } = problem;
}
