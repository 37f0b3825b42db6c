using Interlock.Core.Gateway.Resilience;

namespace Interlock.Tests.Gateway.Resilience;

public sealed class BulkheadTests
{
    private readonly ManualClock _clock = new(World.Start);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private Task<BulkheadEntry> EnterAsync(Bulkhead bulkhead, int seconds = 60) => bulkhead.EnterAsync(_clock.GetUtcNow().AddSeconds(seconds), Token);

    [Fact]
    public async Task Enter_PlacesTaken_WaitsInTurnAndRefusesWhatIsTooMuch()
    {
        var bulkhead = new Bulkhead(2, 2, _clock);
        Assert.Equal(BulkheadEntry.Entered, await EnterAsync(bulkhead));
        Assert.Equal(BulkheadEntry.Entered, await EnterAsync(bulkhead));
        var (third, fourth) = (EnterAsync(bulkhead), EnterAsync(bulkhead));
        Assert.Equal(BulkheadEntry.Full, await EnterAsync(bulkhead));
        Assert.Equal((2, 2), (bulkhead.Taken, bulkhead.Queued));
        bulkhead.Leave();
        Assert.Equal(BulkheadEntry.Entered, await third);
        Assert.False(fourth.IsCompleted);
        Assert.False(bulkhead.TryEnter());
        bulkhead.Leave();
        Assert.Equal(BulkheadEntry.Entered, await fourth);
        bulkhead.Leave();
        bulkhead.Leave();
        Assert.Equal((0, 0), (bulkhead.Taken, bulkhead.Queued));
    }

    [Fact]
    public async Task Enter_DeadlineComesWhileItWaits_LeavesTheQueue()
    {
        var bulkhead = new Bulkhead(1, 5, _clock);
        Assert.True(bulkhead.TryEnter());
        var (hasty, patient) = (EnterAsync(bulkhead, 5), EnterAsync(bulkhead, 60));
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(BulkheadEntry.TooLate, await hasty);
        bulkhead.Leave();
        Assert.Equal(BulkheadEntry.Entered, await patient);
        Assert.Equal((1, 0), (bulkhead.Taken, bulkhead.Queued));
    }

    [Fact]
    public async Task Enter_ManyWhoGiveUpWhilePlacesComeFree_LosesNoPlace()
    {
        var bulkhead = new Bulkhead(3, 1000, TimeProvider.System);
        await Parallel.ForEachAsync(Enumerable.Range(0, 2000), new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Token }, async (i, stop) =>
        {
            var deadline = DateTimeOffset.UtcNow.AddMilliseconds(i % 3);
            if (await bulkhead.EnterAsync(deadline, stop) != BulkheadEntry.Entered) return;
            await Task.Yield();
            bulkhead.Leave();
        });
        Assert.Equal((0, 0), (bulkhead.Taken, bulkhead.Queued));
    }
}
