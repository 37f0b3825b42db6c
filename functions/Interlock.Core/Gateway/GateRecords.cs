using System.Globalization;
using Interlock.Core.Approvals;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Gateway;

/// <summary>The audit records of gates, each with an id derived from the row it tells of.</summary>
internal static class GateRecords
{
    /// <summary>Who changes gates when nobody does.</summary>
    public const string System = "system:gates";

    /// <summary>The run's chain; for a client's own call the caller's, of the day the gate opened.</summary>
    public static AuditChain Chain(Gate gate) => gate.Run is { } run
        ? AuditChain.ForRun(gate.Tenant, run)
        : AuditChain.ForPrincipal(gate.Tenant, gate.Initiators[0], gate.OpenedAt);

    /// <summary>Everything the row says: that it opened, each vote, how it closed.</summary>
    public static IEnumerable<AuditRecord> Of(Gate gate)
    {
        if (gate.Request.Approvers.Length > 0) yield return Opened(gate); // one closed before it opened asks nobody
        for (var i = 0; i < gate.Changes.Length; i++) yield return Changed(gate, gate.Changes[i], i);
        foreach (var vote in gate.Votes) yield return Voted(gate, vote);
        if (gate.Outcome is not null) yield return Closed(gate);
    }

    /// <summary>The id of the record that it opened.</summary>
    public static string OpenedId(GateId gate) => $"gate:{gate}:opened";

    public static AuditRecord Refused(Gate gate, Principal person, GateResult.Refused refused, DateTimeOffset now) =>
        Of(gate, $"gate:{gate.Id}:refused:{person.Subject}:{now.UtcTicks.ToString(CultureInfo.InvariantCulture)}", AuditTypes.CallRefused, now) with
        {
            Actors = [person.Subject],
            Decision = "refused",
            Stage = "decision",
            Rule = refused.Rule,
            Reason = refused.Detail,
        };

    /// <summary>The same was rejected too often.</summary>
    public static Refusal Rests(DateTimeOffset until) =>
        new("approval", GateRate.Rule, 429, $"People rejected this too often within an hour; it may be asked again after {until.UtcDateTime:yyyy-MM-dd HH:mm} UTC.");

    /// <summary>Whoever started the run has as many gates open as one may.</summary>
    public static Refusal TooMany(int most) =>
        new("approval", "gate-limit", 429, $"{most} approvals of runs of the same starter are open, and that is the most there may be at once: have some decided, or cancel their runs.");

    /// <summary>Policy is to say who is asked about a call, and names nobody.</summary>
    public static Refusal NobodyToAsk { get; } =
        new("approval", "no-approvers", 403, "Policy asks for no approval of this call now, so it names nobody who could give one; the task's `approval` can name people.");

    /// <summary>People decide on complete arguments only, and a gate's row does not hold these.</summary>
    public static Refusal TooLarge { get; } = new("approval", "gate-too-large", 413, "The arguments are too large, or nest too deeply, for people to decide on in one gate: cover fewer calls, or pass large values by reference.");

    public static AuditRecord NotOpened(TenantId tenant, CallSite? site, RunOrigin origin, GateRequest request, Refusal refusal, DateTimeOffset now)
    {
        var gate = new Gate(tenant, site?.Run, site?.Workflow, request, [], origin, now);
        return Of(gate, $"gate:{request.Id}:refused:{refusal.Rule}", AuditTypes.CallRefused, now) with
        {
            Actors = [.. request.ChainOf(origin).Subjects],
            ArgumentsDigest = gate.ShownDigest,
            Decision = "refused",
            Stage = refusal.Stage,
            Rule = refusal.Rule,
            Reason = refusal.Detail,
        };
    }

    public static AuditRecord FoundUnauthentic(TenantId tenant, GateId gate, string etag, DateTimeOffset now) => new()
    {
        Id = $"gate:{gate}:unauthentic:{CanonicalJson.Digest(JsonValue.From(etag))}",
        Type = AuditTypes.CallRefused,
        Time = now,
        Tenant = tenant,
        Chain = AuditChain.ForPrincipal(tenant, System, now).Id,
        Actors = [System],
        Gate = gate,
        Decision = "refused",
        Stage = "decision",
        Rule = "grant-unauthentic",
        Reason = "The gate's row was not written by Interlock; it counts for nothing.",
    };

    /// <summary>A row that Interlock did not write was found where the gate's should be, and closed.</summary>
    public static AuditRecord Unauthentic(Gate closed, string etag) => Of(closed, $"gate:{closed.Id}:unauthentic:{CanonicalJson.Digest(JsonValue.From(etag))}", AuditTypes.CallRefused, closed.OpenedAt) with
    {
        Actors = [System],
        Decision = "refused",
        Stage = "decision",
        Rule = "grant-unauthentic",
        Reason = "The gate's row was not written by Interlock; it counts for nothing and was closed.",
    };

    private static AuditRecord Opened(Gate gate) => Of(gate, OpenedId(gate.Id), AuditTypes.GateOpened, gate.OpenedAt) with
    {
        Actors = gate.Initiators,
        ArgumentsDigest = gate.ShownDigest,
        Details = Chosen(gate.Request.ChosenBy, JsonValue.Object(
            ("title", gate.Request.Title),
            ("requirements", JsonValue.Array(gate.Request.Requirements.Select(requirement => requirement.ToJson()))),
            ("expiresAt", gate.Request.ExpiresAt.ToString("O", CultureInfo.InvariantCulture)),
            ("covers", JsonValue.Array(gate.Calls.Select(call => JsonValue.Object(
                ("frame", call.Frame.Value), ("target", call.Target.Name), ("version", call.Target.Version),
                ("contractDigest", call.Target.ContractDigest), ("argumentsDigest", call.ArgumentsDigest))))))),
    };

    /// <summary>With the agent that chose the call, and where in its loop; what it says of it stands in the record of its choice.</summary>
    private static JsonValue Chosen(Chooser? choice, JsonValue details) => choice is null
        ? details
        : details.With("chosenBy", JsonValue.Object(("agent", choice.Agent), ("loop", choice.Loop.Value), ("turn", choice.Turn), ("call", choice.Call)));

    private static AuditRecord Changed(Gate gate, GateChange change, int index) =>
        Of(gate, string.Create(CultureInfo.InvariantCulture, $"gate:{gate.Id}:change:{index}"), AuditTypes.GateChanged, change.At) with
        {
            Actors = [change.By],
            Decision = change.Kind.ToString().ToLowerInvariant(),
            Reason = change.Reason,
            Details = JsonValue.Object(("revision", change.Revision), ("changes", GateChanges.Digested(change.Details))),
        };

    private static AuditRecord Voted(Gate gate, Vote vote)
    {
        var details = JsonValue.Object(("as", vote.As), ("revision", vote.Revision));
        if (vote.For is { } from) details = details.With("for", from);
        return Of(gate, $"gate:{gate.Id}:vote:{vote.By}" + (vote.Revision == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $":{vote.Revision}")), AuditTypes.GateVote, vote.At) with
        {
            Actors = [vote.By],
            Decision = vote.Choice ?? (vote.Approves ? "approve" : gate.Outcome == GateOutcome.Returned ? "return" : "reject"),
            Reason = vote.Reason,
            ArgumentsDigest = vote.ShownDigest,
            Details = details,
        };
    }

    /// <summary>Whether the audit says of the gate what its row says: it was closed so, by these people, about these calls. A row that was set back to an earlier one of its own says otherwise.</summary>
    public static async Task<bool> AgreesAsync(AuditLog audit, Gate gate, CancellationToken cancellationToken)
    {
        var closed = Closed(gate);
        return await audit.FindAsync(Chain(gate), closed.Id, cancellationToken) is { } recorded
            && recorded.Outcome == closed.Outcome && recorded.ArgumentsDigest == closed.ArgumentsDigest && recorded.Details == closed.Details && recorded.Actors.SequenceEqual(closed.Actors);
    }

    private static AuditRecord Closed(Gate gate) => Of(gate, $"gate:{gate.Id}:closed", AuditTypes.GateClosed, gate.ClosedAt ?? gate.OpenedAt) with
    {
        Actors = [.. gate.StandingVotes.Select(vote => vote.By)],
        ArgumentsDigest = gate.ShownDigest,
        Outcome = gate.Outcome?.ToString().ToLowerInvariant(),
        Details = Ending(gate),
    };

    private static JsonValue? Ending(Gate gate)
    {
        var ending = JsonValue.EmptyObject;
        if (gate.Choice is { } choice) ending = ending.With("choice", choice);
        if (gate.Information is { } information) ending = ending.With("informationDigest", CanonicalJson.Digest(information));
        if (!gate.Edited.IsEmpty) ending = ending.With("edited", JsonValue.Array(gate.Edited.Select(call => JsonValue.Object(("frame", call.Frame.Value), ("argumentsDigest", CanonicalJson.Digest(call.Arguments))))));
        return ending.Count == 0 ? null : ending;
    }

    private static AuditRecord Of(Gate gate, string id, string type, DateTimeOffset at) => new()
    {
        Id = id,
        Type = type,
        Time = at,
        Tenant = gate.Tenant,
        Chain = Chain(gate).Id,
        Run = gate.Run,
        WorkflowName = gate.Workflow?.Name,
        WorkflowVersion = gate.Workflow?.Version,
        WorkflowDigest = gate.Workflow?.Digest,
        Task = gate.Request.Task,
        Gate = gate.Id,
    };
}
