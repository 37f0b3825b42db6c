using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.EndToEnd;

/// <summary>
/// The process is killed around every commit between a person's click and the end of the run. What the page said counts, counts; what it could not say can be
/// decided again; the call is made once; and the audit tells it once. What is durable after one commit is what is durable before the next: of each kind of decision one
/// of the two is enough, and both are here.
/// </summary>
public abstract class DecisionCrashTests
{
    /// <summary>More commits than there are.</summary>
    private const int Most = 60;

    private const string Edited = "as edited: ";

    protected static async Task EveryCommitAsync(string when, string decision, int quorum, string onInDoubt, int least)
    {
        await using var site = await CrashSite.StartAsync(quorum, onInDoubt);
        var struck = 0;
        for (var at = 1; at < Most; at++)
        {
            var text = $"{decision} {when} {at}";
            var (run, gate) = await site.WaitingAsync(text);
            if (quorum == 2) Assert.True(await site.ClickAsync(CrashSite.Ana, gate, ("decision", "approve")));
            await site.ArmAsync(when, at);
            var answered = await site.ClickAsync(CrashSite.Leo, gate, Fields(decision, text));
            var ended = answered ? await site.EndAsync(run) : null;
            var wasKilled = await site.RestartAsync();
            if (wasKilled) struck++;
            if (await site.OpenGateAsync(run) is { } open)
            {
                Assert.False(answered, $"{text}: the page said that the decision counts, and the gate is open.");
                Assert.True(await site.ClickAsync(CrashSite.Leo, open, Fields(decision, text)));
            }
            if (wasKilled) ended = await site.EndAsync(run); // nothing kills it any more
            AssertEnd(ended!, decision, onInDoubt, (site.Effects(text), site.Effects(Edited + text)), text);
            if (!wasKilled) break;
        }
        Assert.InRange(struck, least, Most - 2);
        var records = await site.AuditAsync();
        var gates = records.Where(record => record.Type == AuditTypes.GateClosed).Select(record => record.Gate).ToList();
        Assert.Equal((struck + 1, struck + 1), (gates.Count, gates.Distinct().Count()));
        foreach (var gate in gates)
        {
            Assert.Equal(quorum, records.Where(record => record.Type == AuditTypes.GateVote && record.Gate == gate).Select(record => record.Actors.Single()).Distinct().Count());
            Assert.Equal(quorum, records.Count(record => record.Type == AuditTypes.GateVote && record.Gate == gate));
            Assert.Equal(decision == "edit" ? 1 : 0, records.Count(record => record.Type == AuditTypes.GateChanged && record.Gate == gate));
        }
    }

    private static (string, string)[] Fields(string decision, string text) => decision == "edit"
        ? [("decision", decision), ("arguments-0", JsonValue.Object(("channel", "#x"), ("text", Edited + text)).ToString())]
        : [("decision", decision), ("reason", "seen")];

    /// <summary>A call that may have left when the process died is in doubt, and not made again unless the author said so.</summary>
    private static void AssertEnd(JsonValue run, string decision, string onInDoubt, (int Asked, int Edited) effects, string at)
    {
        var (status, error) = (run["status"]?.StringOrNull(), run["error"]?["type"]?.StringOrNull());
        if (decision == "reject") Assert.True((status, effects) == ("faulted", (0, 0)), $"{at}: {run}");
        else if (onInDoubt == "fail" && error == "urn:interlock:errors:in-doubt") Assert.InRange(effects.Asked, 0, 1);
        else Assert.True((status, effects) == ("completed", decision == "edit" ? (0, 1) : (1, 0)), $"{at}: called {effects}: {run}");
    }
}

public sealed class ApproveCrashTests : DecisionCrashTests
{
    [Fact]
    public Task Killed_BeforeEveryCommitAfterAnApproval_TheCallIsMadeOnce() => EveryCommitAsync("before", "approve", quorum: 1, onInDoubt: "retry", least: 12);

    [Fact]
    public Task Killed_BeforeEveryCommitAfterARejection_NothingIsCalled() => EveryCommitAsync("before", "reject", quorum: 1, onInDoubt: "fail", least: 6);
}

public sealed class QuorumCrashTests : DecisionCrashTests
{
    [Fact]
    public Task Killed_AfterEveryCommitAfterTheLastOfTwoApprovals_TheCallIsMadeAtMostOnce() => EveryCommitAsync("after", "approve", quorum: 2, onInDoubt: "fail", least: 12);

    [Fact]
    public Task Killed_AfterEveryCommitAfterAnEdit_WhatWasEditedIsCalledOnce() => EveryCommitAsync("after", "edit", quorum: 1, onInDoubt: "retry", least: 12);
}
