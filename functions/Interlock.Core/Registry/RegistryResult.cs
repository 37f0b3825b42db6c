using Interlock.Core.Workflows;

namespace Interlock.Core.Registry;

/// <summary>How a change of the registry ended.</summary>
public abstract record RegistryResult
{
    public sealed record Changed(long Epoch, IReadOnlyList<RegistryEntry> Entries) : RegistryResult
    {
        /// <summary>Calls that passed the fence before the change and had not ended when it was acknowledged.</summary>
        public IReadOnlyList<EffectId> InFlight { get; init; } = [];

        /// <summary>Processes that did not say in time which calls they have under way: what each said last is among <see cref="InFlight"/>.</summary>
        public IReadOnlyList<string> Silent { get; init; } = [];
    }

    public sealed record Refused(Problem Problem, IReadOnlyList<Finding> Findings) : RegistryResult
    {
        /// <summary>Of a workflow, the report that keeps it from being published.</summary>
        public ReadinessReport? Readiness { get; init; }
    }

    internal static Refused Refuse(int status, string title, string detail) =>
        new(new Problem(status == 404 ? ProblemTypes.NotFound : status == 409 ? ProblemTypes.Conflict : ProblemTypes.Validation, status, title, detail), []);
}
