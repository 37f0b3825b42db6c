using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.EndToEnd;

/// <summary>
/// The process is killed before and after every commit between a person's click and the end of the run. What the page said counts, counts; what it could not say can be
/// decided again; the call is made once; and the audit tells it once.
/// </summary>
public abstract class DecisionCrashTests
{
    /// <summary>More commits than there are.</summary>
    private const int Most = 60;

    protected static async Task EveryCommitAsync(string when, bool approve, int quorum, string onInDoubt)
    {
        await using var site = await CrashSite.StartAsync(quorum, onInDoubt);
        var struck = 0;
        for (var at = 1; at < Most; at++)
        {
            var text = $"{when} {at}";
            var (run, gate) = await site.WaitingAsync(text);
            if (quorum == 2) Assert.True(await site.ClickAsync(CrashSite.Ana, gate, approve: true));
            await site.ArmAsync(when, at);
            var answered = await site.ClickAsync(CrashSite.Leo, gate, approve);
            var ended = answered ? await site.EndAsync(run) : null;
            if (!await site.RestartAsync())
            {
                Assert.NotNull(ended);
                AssertEnd(ended, approve, onInDoubt, site.Effects(text), text);
                break;
            }
            struck++;
            if (await site.OpenGateAsync(run) is { } open)
            {
                Assert.False(answered, $"{text}: the page said that the decision counts, and the gate is open.");
                Assert.True(await site.ClickAsync(CrashSite.Leo, open, approve));
            }
            AssertEnd((await site.EndAsync(run))!, approve, onInDoubt, site.Effects(text), text); // nothing kills it any more
        }
        Assert.InRange(struck, approve ? 12 : 6, Most - 2);
        var records = await site.AuditAsync();
        foreach (var gate in records.Where(record => record.Type is AuditTypes.GateClosed).GroupBy(record => record.Gate))
        {
            Assert.Single(gate);
            var votes = records.Where(record => record.Type == AuditTypes.GateVote && record.Gate == gate.Key).Select(record => (record.Actors.Single(), record.Decision)).ToList();
            Assert.Equal(quorum, votes.Count);
            Assert.Equal(quorum, votes.Distinct().Count());
        }
        Assert.Equal(struck + 1, records.Where(record => record.Type == AuditTypes.GateClosed).Select(record => record.Gate).Distinct().Count());
    }

    /// <summary>A call that may have left when the process died is in doubt, and not made again unless the author said so.</summary>
    private static void AssertEnd(JsonValue run, bool approve, string onInDoubt, int effects, string at)
    {
        var (status, error) = (run["status"]?.StringOrNull(), run["error"]?["type"]?.StringOrNull());
        if (!approve) Assert.True((status, effects) == ("faulted", 0), $"{at}: {run}");
        else if (onInDoubt == "fail" && error == "urn:interlock:errors:in-doubt") Assert.True(effects <= 1, $"{at}: called {effects} times");
        else Assert.True((status, effects) == ("completed", 1), $"{at}: called {effects} times: {run}");
    }
}

public sealed class ApproveCrashTests : DecisionCrashTests
{
    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    public Task Killed_AtEveryCommitAfterAnApproval_TheCallIsMadeOnce(string when) => EveryCommitAsync(when, approve: true, quorum: 1, onInDoubt: "retry");
}

/// <summary>What is durable after a commit is what is durable before the next one: here one of the two is enough.</summary>
public sealed class QuorumCrashTests : DecisionCrashTests
{
    [Fact]
    public Task Killed_AfterEveryCommitAfterTheLastOfTwoApprovals_TheCallIsMadeAtMostOnce() => EveryCommitAsync("after", approve: true, quorum: 2, onInDoubt: "fail");

    [Fact]
    public Task Killed_BeforeEveryCommitAfterARejection_NothingIsCalled() => EveryCommitAsync("before", approve: false, quorum: 1, onInDoubt: "fail");
}
