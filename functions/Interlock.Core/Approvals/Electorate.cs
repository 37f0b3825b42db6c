using System.Collections.Immutable;
using Interlock.Core.Identity;
using Interlock.Core.Policy;

namespace Interlock.Core.Approvals;

/// <summary>Who may decide a gate, by the directory and the delegations as they are now. Make one per question: it reads each person once.</summary>
internal sealed class Electorate(Gate gate, IDirectory directory, DelegationStore delegations, DateTimeOffset now)
{
    private const string UserPrefix = "user:";

    private readonly Dictionary<string, Member?> _members = new(StringComparer.Ordinal);

    /// <summary>What makes this person an approver, or why they may not vote.</summary>
    public async Task<Seat> SeatAsync(Principal person, CancellationToken cancellationToken)
    {
        if (person.Kind != PrincipalKind.User) return Seat.No("interactive-session-required", "Only people decide; applications and agents do not.");
        if (await MemberAsync(person.Subject, cancellationToken) is not { } me) return Seat.No("not-an-approver", "You are no user of this tenant any more.");
        if (await ExcludedAsync(me, cancellationToken) is { } reason) return Seat.No("initiator-set", reason);
        var used = await UsedAsync(cancellationToken);
        if (used.Contains(me.Human)) return Seat.No("same-person", "You have decided on this gate already, or somebody has in your place.", 409);
        if (Named(me) is { } own) return new Seat.Given(own.ToString(), null);
        foreach (var from in await DelegatorsAsync(person.Subject, cancellationToken))
        {
            if (used.Contains(from.Human) || await ExcludedAsync(from, cancellationToken) is not null || Named(from) is not { } theirs) continue;
            if (!MeetsFloor(me)) return Seat.No(ApprovalFloor.Rule, $"{from.Subject} asked you to decide, but policy lets only {Asked(Floor)} decide this.");
            return new Seat.Given(theirs.ToString(), from.Subject);
        }
        return Seat.No("not-an-approver", $"This gate asks {Asked(gate.Request.Requirements)}; you are none of them.");
    }

    /// <summary>The approving votes that still count for this choice, with the requirement each is for (-1: none is left to meet).</summary>
    public async Task<IReadOnlyList<CountedVote>> CountAsync(string? choice, CancellationToken cancellationToken)
    {
        var people = new HashSet<string>(StringComparer.Ordinal);
        var counted = new List<(Vote Vote, ImmutableArray<int> For)>();
        foreach (var vote in gate.StandingVotes.Where(vote => vote.Approves && vote.Choice == choice))
        {
            if (await MemberAsync(vote.By, cancellationToken) is not { } voter) continue;
            var named = vote.For is { } from ? await MemberAsync(from, cancellationToken) : voter;
            if (named is null || (vote.For is not null && !MeetsFloor(voter)) || !people.Add(voter.Human)) continue;
            if (await ExcludedAsync(voter, cancellationToken) is not null || await ExcludedAsync(named, cancellationToken) is not null) continue;
            if (vote.For is not null && !people.Add(named.Human)) continue;
            counted.Add((vote, Requirements(named)));
        }
        var assigned = Quorum.Assign([.. counted.Select(one => one.For)], [.. gate.Request.Requirements.Select(requirement => requirement.Quorum)]);
        return [.. counted.Select((one, i) => new CountedVote(one.Vote, assigned[i]))];
    }

    /// <summary>Whether the votes for this choice suffice, counting only people who still are approvers and not excluded, each once.</summary>
    public async Task<bool> IsMetAsync(string? choice, CancellationToken cancellationToken)
    {
        var counted = await CountAsync(choice, cancellationToken);
        return gate.Request.Requirements.Select((requirement, i) => counted.Count(one => one.Requirement == i) >= requirement.Quorum).All(met => met);
    }

    private IEnumerable<ApproverRequirement> Floor => gate.Calls.SelectMany(call => call.Floor);

    private async Task<string?> ExcludedAsync(Member person, CancellationToken cancellationToken)
    {
        if (gate.Request.Requirements.Any(one => one.ExcludeInitiator) && await IsOneOfAsync(person, gate.Initiators, cancellationToken))
            return "You started this run, so someone else must decide.";
        if (gate.Author is { } author && gate.Request.Requirements.Any(one => one.ExcludeAuthor) && await IsOneOfAsync(person, [author], cancellationToken))
            return "You published this workflow, so someone else must decide.";
        return await IsOneOfAsync(person, gate.Changes.Where(change => change.Kind == GateChangeKind.Reassigned).Select(change => change.By), cancellationToken)
            ? "You named who decides on this, so someone else must."
            : null;
    }

    private async Task<bool> IsOneOfAsync(Member person, IEnumerable<string> subjects, CancellationToken cancellationToken)
    {
        foreach (var subject in subjects)
            if (await HumanAsync(subject, cancellationToken) == person.Human) return true;
        return false;
    }

    private async Task<HashSet<string>> UsedAsync(CancellationToken cancellationToken)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var vote in gate.StandingVotes)
        {
            used.Add(await HumanAsync(vote.By, cancellationToken));
            if (vote.For is not null) used.Add(await HumanAsync(vote.For, cancellationToken));
        }
        return used;
    }

    /// <summary>Those who want this person to decide in their place; what was delegated to them themselves does not go on.</summary>
    private async Task<IReadOnlyList<Member>> DelegatorsAsync(string to, CancellationToken cancellationToken)
    {
        var active = gate.Delegations.Where(one => one.To == to).Concat(await delegations.ToAsync(gate.Tenant, to, cancellationToken)).Where(one => one.IsActive(now));
        var from = new List<Member>();
        foreach (var subject in active.Select(one => one.From).Distinct())
            if (await MemberAsync(subject, cancellationToken) is { } member) from.Add(member);
        return from;
    }

    private bool MeetsFloor(Member person) => Floor.All(requirement => requirement.Approvers.Any(approver => Names(approver, person)));

    private Approver? Named(Member person) => gate.Request.Requirements.SelectMany(requirement => requirement.Approvers).FirstOrDefault(approver => Names(approver, person));

    private ImmutableArray<int> Requirements(Member person) =>
        [.. gate.Request.Requirements.Select((requirement, i) => (requirement, i)).Where(one => one.requirement.Approvers.Any(approver => Names(approver, person))).Select(one => one.i)];

    private static bool Names(Approver approver, Member person) =>
        approver.Kind == ApproverKind.User ? person.Subject == UserPrefix + approver.Id : person.Groups.Contains(approver.Id);

    private static string Asked(IEnumerable<ApproverRequirement> requirements) => string.Join(", ", requirements.SelectMany(one => one.Approvers).Distinct());

    private async Task<string> HumanAsync(string subject, CancellationToken cancellationToken) => (await MemberAsync(subject, cancellationToken))?.Human ?? subject;

    private async Task<Member?> MemberAsync(string subject, CancellationToken cancellationToken)
    {
        if (_members.TryGetValue(subject, out var known)) return known;
        Member? member = null;
        if (subject.StartsWith(UserPrefix, StringComparison.Ordinal) && subject[UserPrefix.Length..] is var id && await directory.FindUserAsync(gate.Tenant, id, cancellationToken) is { } person)
            member = new Member(subject, UserPrefix + person.Human, await directory.GroupsOfAsync(gate.Tenant, id, cancellationToken));
        return _members[subject] = member;
    }

    /// <summary>A person with what makes several accounts one, and the groups as they are now.</summary>
    private sealed record Member(string Subject, string Human, IReadOnlyList<string> Groups);
}

/// <summary>An approving vote and the requirement of the gate that it counts for; -1 for none.</summary>
public sealed record CountedVote(Vote Vote, int Requirement);

/// <summary>Whether a person may decide a gate.</summary>
public abstract record Seat
{
    /// <summary>They may: as what, and in whose place if not their own.</summary>
    public sealed record Given(string As, string? For) : Seat;

    /// <summary>They may not.</summary>
    public sealed record Refused(GateResult.Refused Refusal) : Seat;

    internal static Seat No(string rule, string detail, int status = 403) => new Refused(new GateResult.Refused(rule, status, detail));
}
