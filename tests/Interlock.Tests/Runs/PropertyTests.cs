using Interlock.Core.Runs;
using Xunit.Sdk;

namespace Interlock.Tests.Runs;

public sealed class PropertyTests
{
    private const int RunsPerBatch = 60;

    /// <summary>To look at one seed that failed: put it here as a batch of its own.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Every_run_of_every_document_ends_with_all_promises_kept(int batch)
    {
        var ends = new Dictionary<RunStatus, int>();
        for (var seed = batch * 100_000; seed < (batch * 100_000) + RunsPerBatch; seed++)
        {
            var status = One(seed);
            ends[status] = ends.GetValueOrDefault(status) + 1;
        }
        Assert.Equal(3, ends.Count); // each end was seen, so the draw is not lopsided
    }

    private static RunStatus One(int seed)
    {
        var definition = RandomDocuments.Of(seed);
        try
        {
            return new RandomRun(seed, definition).ToItsEnd().State.Status;
        }
        catch (Exception e)
        {
            throw new XunitException($"Seed {seed}: {e.Message}\n{definition.Document["do"]}", e);
        }
    }
}
