using System.Collections.Immutable;

namespace Interlock.Core.Workflows.Reading;

/// <summary>What a task inherits from where it stands: lexical variables, actions, whom to ask about failures, and whether something around it runs out of time.</summary>
internal sealed record Surroundings(ImmutableArray<string> Variables, StepAction? OnError, StepAction? OnTimeout, bool Timed)
{
    /// <summary>Who is asked about failed steps that escalate.</summary>
    public StepEscalation? Escalate { get; init; }

    /// <summary>The functions that are being read, outermost first.</summary>
    public ImmutableArray<string> Functions { get; init; } = [];

    /// <summary>With more variables; an inner one hides an outer one of the same name.</summary>
    public Surroundings With(params IEnumerable<string> variables) => this with { Variables = [.. Variables.Union(variables)] };
}

/// <summary>Stands for a task that could not be read; the finding that goes with it keeps the definition from being used.</summary>
internal sealed record UnreadTask : TaskDefinition;
