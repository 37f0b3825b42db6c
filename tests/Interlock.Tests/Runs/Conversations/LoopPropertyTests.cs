using Xunit.Sdk;

namespace Interlock.Tests.Runs.Conversations;

public sealed class LoopPropertyTests
{
    private const int RunsPerBatch = 400;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_loop_keeps_to_its_pool_and_its_limits_and_every_choice_has_its_record(int batch)
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (var seed = batch * 100_000; seed < (batch * 100_000) + RunsPerBatch; seed++) seen.UnionWith(One(seed));
        // The draw is not lopsided: each of these came up.
        Assert.Equal(
            "Abandoned Approved Expired GateExpiry Limit Rejected Withdrawn accepted answer arguments called calls consecutiveFailures cost frame-not-pending hop-limit limit nested opened out-of-pool "
            + "reason-missing repeated steps summary time tokens", string.Join(' ', seen));
    }

    private static SortedSet<string> One(int seed)
    {
        var loop = new RandomLoop(seed);
        try
        {
            loop.ToItsEnd();
            return loop.Seen;
        }
        catch (Exception e)
        {
            throw new XunitException($"Seed {seed}: {e.Message}", e);
        }
    }
}
