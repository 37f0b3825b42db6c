using System.Collections.Immutable;
using Interlock.Core.Gateway.Stages;
using Interlock.Core.Registry;

namespace Interlock.Core.Gateway.Resilience;

/// <summary>The addresses of one registration, primary first, and the choice between them: least outstanding of those that take calls, ties by rotation.</summary>
internal sealed class RouteSet(Uri primary, ServerSettings settings, TimeProvider time, Action<CircuitChange> moved)
{
    public const string CircuitOpen = "circuit-open";

    private uint _turn;

    public ImmutableArray<UpstreamRoute> Routes { get; } = [.. settings.Replicas.Prepend(primary).Distinct().Select(address => new UpstreamRoute(address, settings.Resilience, time, moved))];

    public bool IsIdle => Routes.All(route => route.Outstanding == 0);

    /// <summary>Leave to go to one of them, as soon as there is a place; a refusal when none takes calls or too many wait.</summary>
    public async Task<StageResult<RoutePass>> EnterAsync(RouteChoice choice, CancellationToken cancellationToken)
    {
        var refused = new List<UpstreamRoute>();
        while (Choose(choice, route => !refused.Contains(route)) is { } chosen)
        {
            var (entry, pass) = await chosen.EnterAsync(choice, cancellationToken);
            if (pass is not null) return pass;
            if (entry == BulkheadEntry.Full) return Refuse("queue-full", 429, $"Too many calls wait for '{choice.Target}'", TimeSpan.FromSeconds(1));
            if (entry == BulkheadEntry.TooLate) return new Refusal(AdmitStage.Name, "deadline", 408, "The call's deadline passed while it waited for a place at its server.");
            refused.Add(chosen);
        }
        return Refuse(CircuitOpen, 503, $"No address of '{choice.Target}' takes calls now: they failed too often", Routes.Min(route => route.Wait));
    }

    /// <summary>Leave to go at once to one that was not tried yet; null when there is none.</summary>
    public RoutePass? TryOther(RouteChoice choice, IReadOnlySet<Uri> tried)
    {
        var refused = new List<UpstreamRoute>();
        while (Choose(choice, route => !tried.Contains(route.Address) && !refused.Contains(route)) is { } chosen)
        {
            if (chosen.TryEnter(choice) is { } pass) return pass;
            refused.Add(chosen);
        }
        return null;
    }

    private UpstreamRoute? Choose(RouteChoice choice, Func<UpstreamRoute, bool> isOpen)
    {
        if (Routes is [var only]) return Takes(only) ? only : null;
        var first = (int)(Interlocked.Increment(ref _turn) % (uint)Routes.Length);
        return Enumerable.Range(0, Routes.Length).Select(i => Routes[(first + i) % Routes.Length]).Where(Takes)
            .MinBy(route => (choice.Failed == RouteChoice.Key(route.Address), route.Rests, route.Outstanding));

        bool Takes(UpstreamRoute route) => isOpen(route) && choice.Takes(route.Address) && route.TakesCalls;
    }

    private static Refusal Refuse(string rule, int status, string what, TimeSpan wait)
    {
        var seconds = Math.Max(1, (long)Math.Ceiling(wait.TotalSeconds));
        return new Refusal(AdmitStage.Name, rule, status, $"{what}; retry after {seconds} s.") { RetryAfter = TimeSpan.FromSeconds(seconds) };
    }
}
