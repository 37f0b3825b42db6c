using Interlock.Core.Approvals;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Http.Pages.Review;

/// <summary>What is new about a call, against the last one of its task that people approved. The whole arguments stand beside it.</summary>
internal static class DiffSection
{
    public static Html Render(Gate gate, BoundCall call, (Gate Gate, BoundCall Call)? last) => (gate.Workflow, last) switch
    {
        (null, _) => Html.Of($"""<p class="dim">A client's own call; there is nothing to compare it with.</p>"""),
        (_, null) => Html.Of($"""<p class="notice" role="note"><strong>First time</strong>: no call of this task to this target was approved before.</p>"""),
        (_, { } before) => Compare(call, before.Gate, before.Call),
    };

    private static Html Compare(BoundCall call, Gate gate, BoundCall before)
    {
        var changes = JsonDiff.Between(before.Arguments, call.Arguments);
        var same = Leaves(call.Arguments) - changes.Sum(change => change.To is null ? 0 : Leaves(change.To));
        return Html.Of($"""
            <h4 class="label">Compared with the last approved call of this task</h4>
            <p class="small dim">Approved by {string.Join(", ", gate.StandingVotes.Where(vote => vote.Approves).Select(vote => vote.DisplayName))}{(gate.ClosedAt is { } at ? Html.Of($", {Parts.Time(at)}") : Html.Empty)}. <strong>{(changes.Count == 0 ? "No value differs" : changes.Count == 1 ? "1 value differs" : $"{changes.Count} values differ")}</strong>, {same} unchanged.</p>
            {Target(call.Target, before.Target)}
            {ChangeList.Render(changes)}
            """);
    }

    private static Html Target(BoundTarget now, BoundTarget before)
    {
        string?[] differences =
        [
            now.Version == before.Version ? null : $"version {before.Version} then, {now.Version} now",
            now.ContractDigest == before.ContractDigest ? null : "the tool's contract is another one",
            now.Address == before.Address ? null : $"it went to {UpstreamAddress.Shown(before.Address)} then",
        ];
        return Html.When(differences.Any(difference => difference is not null), () => Html.Of($"""<p class="notice warn" role="note">The target has changed: {string.Join("; ", differences.OfType<string>())}.</p>"""));
    }

    /// <summary>Scalars and empty containers.</summary>
    private static int Leaves(JsonValue value) => value switch
    {
        { Count: 0 } => 1,
        { IsObject: true } => value.Members.Sum(member => Leaves(member.Value)),
        { IsArray: true } => value.Items.Sum(Leaves),
        _ => 1,
    };
}
