using Xunit.Sdk;

namespace Interlock.Tests.Bypass;

/// <summary>
/// Whatever is nested in whatever, decided by whom, forged in between: what reaches the guarded tool was approved for just this run, frame, target and arguments, by enough people
/// who may, and reaches it once.
/// </summary>
public sealed class GatePropertyTests
{
    private const int RunsPerBatch = 15;

    /// <summary>To look at one seed that failed: put it here as a batch of its own.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task EveryCallToAGuardedTool_WasApprovedAsItIs_AndIsMadeOnce(int batch)
    {
        var (granted, done) = (0, new SortedSet<string>(StringComparer.Ordinal));
        for (var seed = batch * 100_000; seed < (batch * 100_000) + RunsPerBatch; seed++)
        {
            var siege = await OneAsync(seed);
            granted += siege.Witness.Granted;
            done.UnionWith(siege.Done.Keys);
        }
        Assert.True(granted > RunsPerBatch / 2, $"Only {granted} calls were granted: there was little to protect.");
        Assert.Equal("again call control decide delegate event other row row time", string.Join(' ', done));
    }

    private static async Task<Siege> OneAsync(int seed)
    {
        Siege siege;
        try
        {
            siege = await Siege.RunAsync(seed);
        }
        catch (Exception e)
        {
            throw new XunitException($"Seed {seed}: {e.Message}", e);
        }
        Assert.True(siege.Witness.Violations.IsEmpty, $"Seed {seed}: {string.Join("\n", siege.Witness.Violations)}\n{GatedDocuments.Of(seed).Document["do"]}");
        return siege;
    }
}
