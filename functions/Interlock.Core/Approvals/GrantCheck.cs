using Interlock.Core.Runs;
using Interlock.Json;

namespace Interlock.Core.Approvals;

/// <summary>What a call claims of a grant: on whose authority and where it is made, and exactly what it will reach with what. A client's own call has no run and the root as its frame.</summary>
public sealed record GrantClaim(
    TenantId Tenant, IEnumerable<string> Actors, RunId? Run, FrameId Frame, bool IsCompensation, BoundTarget Target, JsonValue Arguments);

/// <summary>
/// Whether an approved gate grants a call: for these actors, this run, frame, target, contract, endpoint and these exact arguments, for 24 hours after
/// the gate closed. What undoes an approved call is granted as long as its run lasts: the call it undoes was spent in time.
/// </summary>
public static class GrantCheck
{
    public static readonly TimeSpan Validity = TimeSpan.FromHours(24);

    /// <summary>The rule that refuses the claim, with what to do, or null when the gate grants it.</summary>
    public static GateResult.Refused? Refuse(Gate gate, GrantClaim claim, Incarnation incarnation, DateTimeOffset now)
    {
        if (gate.Tenant != claim.Tenant || gate.Run != claim.Run) return new("target-mismatch", 403, "The gate belongs to another run, or to none.");
        if (gate.Chain?.Subjects.SequenceEqual(claim.Actors) != true) return new("target-mismatch", 403, "The gate was opened for others than those who make the call.");
        if (gate.Outcome != GateOutcome.Approved || gate.Choice == StepChoices.Skip) return new("grant-missing", 403, $"The gate '{gate.Request.Title}' was not approved.");
        if (gate.ClosedAt < incarnation.Since) return new(Incarnation.Rule, 403, "The store was restored after this was approved; open a new gate.");
        if (gate.ClosedAt is not { } closed || (!claim.IsCompensation && now > closed + Validity)) return new("grant-expired", 403, "The approval is older than 24 hours; open a new gate.");
        var frame = claim.IsCompensation ? claim.Frame.Undone() : claim.Frame;
        if (gate.Calls.FirstOrDefault(call => call.Frame == frame) is not { } bound)
            return new("target-mismatch", 403, $"The gate '{gate.Request.Title}' does not cover this task or this iteration of it.");
        return claim.IsCompensation ? RefuseCompensation(bound, claim) : RefuseCall(bound, claim);
    }

    /// <summary>The rule that refuses a turn of a conversation that the gate granted, or null: it goes to the agent that people were shown, as it was registered then, and nowhere else.</summary>
    public static GateResult.Refused? RefuseTurn(Gate gate, FrameId frame, BoundTarget target, Incarnation incarnation)
    {
        if (gate.ClosedAt < incarnation.Since) return new(Incarnation.Rule, 403, "The store was restored after this was approved; open a new gate.");
        if (gate.Calls.FirstOrDefault(call => call.Frame == frame) is not { } bound) return new("target-mismatch", 403, $"The gate '{gate.Request.Title}' does not cover this task or this iteration of it.");
        return Differs(bound.Target, target) is { } difference ? new("target-mismatch", 403, $"The approval was for another {difference}; open a new gate.") : null;
    }

    /// <summary>The arguments without the members at these pointers; the empty pointer takes them all.</summary>
    public static JsonValue Without(JsonValue arguments, IEnumerable<string> pointers)
    {
        foreach (var pointer in pointers)
            arguments = pointer.Length == 0 ? JsonValue.EmptyObject : Without(arguments, JsonPointer.Parse(pointer), 0);
        return arguments;
    }

    private static GateResult.Refused? RefuseCall(BoundCall bound, GrantClaim claim)
    {
        if (Differs(bound.Target, claim.Target) is { } difference) return new("target-mismatch", 403, $"The approval was for another {difference}; open a new gate.");
        var digest = CanonicalJson.Digest(Without(claim.Arguments, bound.Computed));
        return digest == bound.ArgumentsDigest
            ? null
            : new("intent-mismatch", 403, "The arguments are not those that were approved; open a new gate for these.");
    }

    private static GateResult.Refused? RefuseCompensation(BoundCall bound, GrantClaim claim)
    {
        if (bound.Compensation is not { } undo) return new("compensation-blocked", 403, "The approved call declares no compensation.");
        return Differs(undo, claim.Target) is { } difference
            ? new("compensation-blocked", 403, $"The approval was for another {difference} of the compensation.")
            : null;
    }

    private static string? Differs(BoundTarget approved, BoundTarget actual)
    {
        if (approved.Name != actual.Name) return "tool";
        if (approved.Version != actual.Version || approved.ContractDigest != actual.ContractDigest) return "version of the contract";
        return approved.RegistrationId != actual.RegistrationId || approved.Address != actual.Address ? "registration or endpoint" : null;
    }

    private static JsonValue Without(JsonValue value, IReadOnlyList<string> tokens, int at)
    {
        if (!value.IsObject || value[tokens[at]] is not { } member) return value;
        return at == tokens.Count - 1 ? value.Without(tokens[at]) : value.With(tokens[at], Without(member, tokens, at + 1));
    }
}
