using Interlock.Core.Gateway.Limits;
using Interlock.Core.Storage;
using Interlock.Json;

namespace Interlock.Tests.Gateway;

/// <summary>Instances with clocks of their own that share one row.</summary>
public sealed class LeasedBucketTests
{
    private static readonly RowKey Key = new("contoso|tenant", "bucket");
    private static readonly RateLimit Limit = new(10, 100);

    private readonly MemoryTableStore _memory = new();
    private readonly ManualClock _clock = new(World.Start);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 60)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Take_WhateverHappens_NeverMoreThanBurstPlusRateTimesTimeInAnySpan(int seed)
    {
        var random = new Random(seed);
        var rate = Math.Pow(10, (random.NextDouble() * 3) - 1);
        var limit = new RateLimit(rate, (int)Math.Ceiling(Math.Max(2, rate * (6 + (random.NextDouble() * 20)))));
        var faulty = new FaultyTableStore(_memory);
        var skews = Enumerable.Range(0, random.Next(1, 7)).Select(_ => TokenBucket.MaxSkew * random.NextDouble()).ToArray();
        LeasedBucket Start(int i) => new(faulty, Key, limit, new SkewedTime(_clock, skews[i]), () => 0);
        var instances = skews.Select((_, i) => Start(i)).ToArray();
        var admitted = new List<long>();
        for (var step = 0; step < 300; step++)
        {
            var i = random.Next(instances.Length);
            switch (random.Next(12))
            {
                case 0:
                    instances[i] = Start(i); // it died, and what it had leased with it
                    break;
                case 1:
                    faulty.Arm(random.Next(1, 3), random.Next(2) == 0 ? Fault.ThrowBefore : Fault.ThrowAfter);
                    break;
                case < 6:
                    _clock.Advance(TimeSpan.FromSeconds(Math.Pow(random.NextDouble(), 3) * limit.Burst / limit.PerSecond / 4));
                    break;
                default:
                    for (var call = random.Next(1, 2 + (limit.Burst / 4)); call > 0; call--) await TakeAsync(instances[i], admitted);
                    break;
            }
        }
        Assert.NotEmpty(admitted);
        AssertBound(admitted, limit);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.9999)]
    [InlineData(2)]
    [InlineData(60)]
    public async Task Take_SlicesHeldWhileTheBucketRefills_AreNoSecondBurst(double seconds)
    {
        var instances = Enumerable.Range(0, 8).Select(_ => Bucket()).ToArray();
        var admitted = new List<long>();
        foreach (var instance in instances)
            for (var call = 0; call < 4; call++) await TakeAsync(instance, admitted); // slices of 1, 2 and 4: three are held
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        foreach (var instance in instances)
            while (await TakeAsync(instance, admitted))
            {
            }
        AssertBound(admitted, Limit);
        Assert.InRange(admitted.Count, 32, (seconds < 60 ? 70 : 102) + (int)(seconds * Limit.PerSecond));
    }

    [Fact]
    public async Task Take_InstancesAtOnce_AdmitWhatThereIsAndNoMore()
    {
        for (var round = 0; round < 50; round++)
        {
            var key = Key with { Partition = $"contoso|{round}" };
            var store = new YieldingTableStore(_memory);
            var instances = Enumerable.Range(0, 4).Select(_ => new LeasedBucket(store, key, Limit, _clock, () => 0)).ToArray();
            var results = await Task.WhenAll(Enumerable.Range(0, 320).Select(i => Task.Run(() => instances[i % 4].TakeAsync(Token), Token)));
            var admitted = results.Count(result => result is LimitResult.Taken);
            // Each instance alone has callers for the whole bucket, so none keeps a slice.
            Assert.Equal(new TokenBucket(Limit).Size, admitted);
        }
    }

    [Fact]
    public async Task Take_ConstantDemand_GetsTheBucketAndThenTheRate()
    {
        var bucket = Bucket();
        var admitted = new List<long>();
        for (var tick = 0; tick < 600; tick++)
        {
            while (await TakeAsync(bucket, admitted))
            {
            }
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }
        Assert.InRange(admitted.Count, 70 + (10 * 59), 70 + (10 * 60));
        AssertBound(admitted, Limit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Take_DemandAtHalfTheRate_IsNeverRefused(int instances)
    {
        var buckets = Enumerable.Range(0, instances).Select(_ => Bucket()).ToArray();
        for (var call = 0; call < 1000; call++)
        {
            Assert.IsType<LimitResult.Taken>(await buckets[call % instances].TakeAsync(Token));
            _clock.Advance(TimeSpan.FromMilliseconds(200));
        }
    }

    [Fact]
    public async Task Take_Bursts_LoseAtMostTwoTokensForEachUsed()
    {
        var limit = new RateLimit(1, 10_000);
        var (bucket, random, used) = (new LeasedBucket(_memory, Key, limit, _clock, () => 0), new Random(7), 0);
        var arithmetic = new TokenBucket(limit);
        for (var round = 0; round < 200; round++)
        {
            for (var call = random.Next(1, 12); call > 0; call--, used++) Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
            _clock.Advance(TokenBucket.SliceLife);
        }
        var row = await _memory.GetAsync(LeasedBucket.Table, Key, Token);
        var full = DateTimeOffset.Parse(row!.Body["full"]!.AsString(), null); // it was written
        var left = arithmetic.Available(full, World.Start + (TokenBucket.SliceLife * 200));
        Assert.InRange(arithmetic.Size - left, 1, 3 * used);
    }

    [Fact]
    public async Task Take_ManyCalls_WritesOncePerSlice()
    {
        var counting = new CountingStore(_memory);
        var bucket = new LeasedBucket(counting, Key, new RateLimit(1000, 20_000), _clock, () => 0);
        for (var call = 0; call < 15_000; call++) Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
        Assert.InRange(counting.Writes, 1, 25);
    }

    [Fact]
    public async Task Take_SliceOver_LeasesAnewAndSpendsNothingOfTheOld()
    {
        var counting = new CountingStore(_memory);
        var bucket = new LeasedBucket(counting, Key, Limit, _clock, () => 0);
        for (var call = 0; call < 4; call++) await bucket.TakeAsync(Token); // slices of 1, 2 and 4
        Assert.Equal(3, counting.Writes);
        _clock.Advance(TokenBucket.SliceLife - TimeSpan.FromTicks(1));
        await bucket.TakeAsync(Token);
        Assert.Equal(3, counting.Writes);
        _clock.Advance(TimeSpan.FromTicks(1));
        await bucket.TakeAsync(Token);
        Assert.Equal(4, counting.Writes);
    }

    [Fact]
    public async Task Take_Empty_SaysWhenAndAsksTheStoreNoEarlier()
    {
        var counting = new CountingStore(_memory);
        var bucket = new LeasedBucket(counting, Key, Limit, _clock, () => 0);
        LimitResult last;
        while ((last = await bucket.TakeAsync(Token)) is LimitResult.Taken)
        {
        }
        var wait = Assert.IsType<LimitResult.Empty>(last).Wait;
        Assert.InRange(wait, TimeSpan.FromTicks(1), TimeSpan.FromMilliseconds(100));
        var reads = counting.Reads;
        _clock.Advance(wait - TimeSpan.FromTicks(1));
        Assert.Equal(TimeSpan.FromTicks(1), Assert.IsType<LimitResult.Empty>(await bucket.TakeAsync(Token)).Wait);
        Assert.Equal(reads, counting.Reads);
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
    }

    [Fact]
    public async Task GiveBack_IsSpentAgain()
    {
        var bucket = Bucket();
        var count = 0;
        LimitResult.Taken? token = null;
        while (await bucket.TakeAsync(Token) is LimitResult.Taken taken) (token, count) = (taken, count + 1);
        bucket.GiveBack(token!); // there was one
        Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
        Assert.IsType<LimitResult.Empty>(await bucket.TakeAsync(Token));
    }

    [Fact]
    public async Task Take_RowLostToOthers_TriesAgainAndGivesUpInTheEnd()
    {
        var pauses = 0;
        double Jitter()
        {
            pauses++;
            return 0;
        }
        var rival = Bucket();
        await rival.TakeAsync(Token);
        var bucket = new LeasedBucket(new RacingStore(_memory, 15), Key, Limit, _clock, Jitter);
        Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
        Assert.Equal(15, pauses);
        var unlucky = new LeasedBucket(new RacingStore(_memory, 16), Key, Limit, _clock, Jitter);
        await Assert.ThrowsAsync<LimitContentionException>(() => unlucky.TakeAsync(Token));
    }

    [Fact]
    public async Task Take_Contention_WaitsByTheGivenJitter()
    {
        await Bucket().TakeAsync(Token);
        var taking = new LeasedBucket(new RacingStore(_memory, 2), Key, Limit, _clock, () => 1).TakeAsync(Token);
        foreach (var milliseconds in (double[])[5, 10])
        {
            Assert.False(taking.IsCompleted);
            await _clock.TimerAsync(TimeSpan.FromMilliseconds(milliseconds));
            _clock.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }
        Assert.IsType<LimitResult.Taken>(await taking);
    }

    [Fact]
    public async Task Take_WriteTakesLongerThanASlice_IsNotUsed()
    {
        var slow = new SlowStore(_memory, () => _clock.Advance(TokenBucket.SliceLife));
        var bucket = new LeasedBucket(slow, Key, Limit, _clock, () => 0);
        await Assert.ThrowsAsync<LimitContentionException>(() => bucket.TakeAsync(Token));
        slow.Before = () => { };
        Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
    }

    [Theory]
    [InlineData(Fault.ThrowBefore, 1)]
    [InlineData(Fault.ThrowBefore, 2)]
    [InlineData(Fault.ThrowAfter, 1)]
    [InlineData(Fault.ThrowAfter, 2)]
    public async Task Take_StoreFails_Throws(Fault fault, int at)
    {
        var store = new FaultyTableStore(_memory);
        var bucket = new LeasedBucket(store, Key, Limit, _clock, () => 0);
        store.Arm(at, fault);
        await Assert.ThrowsAsync<StoreFaultException>(() => bucket.TakeAsync(Token));
        Assert.IsType<LimitResult.Taken>(await bucket.TakeAsync(Token));
    }

    [Fact]
    public async Task Take_RowIsNoRow_Throws()
    {
        await _memory.InsertAsync(LeasedBucket.Table, Key, JsonValue.Object(("full", "soon")), Token);
        await Assert.ThrowsAsync<InvalidDataException>(() => Bucket().TakeAsync(Token));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(10, 59)]
    [InlineData(0, 10)]
    [InlineData(-1, 10)]
    [InlineData(double.NaN, 10)]
    [InlineData(double.PositiveInfinity, 10)]
    [InlineData(10_001, 1_000_000)]
    [InlineData(0.01, 1)]
    [InlineData(1, 1_000_001)]
    public void RateLimit_OutsideItsRange_IsRefused(double rate, int burst)
    {
        Assert.Throws<ArgumentException>(() => new GatewayLimits { PerTenant = new RateLimit(rate, burst) }.Validate());
        Assert.Throws<ArgumentException>(() => new GatewayLimits { PerPrincipal = new RateLimit(rate, burst) }.Validate());
    }

    [Theory]
    [InlineData(0.001, 2)]
    [InlineData(0.3, 2)]
    [InlineData(0.34, 3)]
    [InlineData(1, 6)]
    [InlineData(10_000, 60_000)]
    public void RateLimit_SmallestBurst_StillHoldsAToken(double rate, int burst)
    {
        new GatewayLimits { PerTenant = new RateLimit(rate, burst) }.Validate();
        Assert.InRange(new TokenBucket(new RateLimit(rate, burst)).Size, 1, burst);
    }

    private LeasedBucket Bucket() => new(_memory, Key, Limit, _clock, () => 0);

    private async Task<bool> TakeAsync(LeasedBucket bucket, List<long> admitted)
    {
        try
        {
            if (await bucket.TakeAsync(Token) is not LimitResult.Taken) return false;
        }
        catch (StoreFaultException)
        {
            return false;
        }
        admitted.Add(_clock.GetTimestamp());
        return true;
    }

    private static void AssertBound(List<long> admitted, RateLimit limit)
    {
        for (var from = 0; from < admitted.Count; from++)
            for (var to = from; to < admitted.Count; to++)
            {
                var most = limit.Burst + (limit.PerSecond * (admitted[to] - admitted[from]) / TimeSpan.TicksPerSecond);
                if (to - from + 1 > most + 1e-6) Assert.Fail($"{to - from + 1} calls where at most {most} are allowed.");
            }
    }

    /// <summary>A process whose clock is ahead of the others'; time passes for it as for them.</summary>
    private sealed class SkewedTime(ManualClock clock, TimeSpan ahead) : TimeProvider
    {
        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() + ahead;

        public override long GetTimestamp() => clock.GetTimestamp();
    }

    private sealed class CountingStore(ITableStore inner) : LimitStore(inner)
    {
        public int Reads { get; private set; }

        public int Writes { get; private set; }

        protected override Task BeforeReadAsync()
        {
            Reads++;
            return Task.CompletedTask;
        }

        protected override Task BeforeWriteAsync(RowKey key)
        {
            Writes++;
            return Task.CompletedTask;
        }
    }

    /// <summary>Somebody else writes the row just before, so many times.</summary>
    private sealed class RacingStore(ITableStore inner, int times) : LimitStore(inner)
    {
        private int _left = times;

        protected override async Task BeforeWriteAsync(RowKey key)
        {
            if (_left-- <= 0) return;
            var row = await Inner.GetAsync(LeasedBucket.Table, key, Token);
            Assert.True((await Inner.ReplaceAsync(LeasedBucket.Table, key, row!.Body, row.ETag, Token)).Ok); // the test wrote it
        }
    }

    private sealed class SlowStore(ITableStore inner, Action before) : LimitStore(inner)
    {
        public Action Before { get; set; } = before;

        protected override Task BeforeWriteAsync(RowKey key)
        {
            Before();
            return Task.CompletedTask;
        }
    }

    private abstract class LimitStore(ITableStore inner) : ITableStore
    {
        protected ITableStore Inner { get; } = inner;

        public async Task<TableRow?> GetAsync(string table, RowKey key, CancellationToken cancellationToken = default)
        {
            await BeforeReadAsync();
            return await Inner.GetAsync(table, key, cancellationToken);
        }

        public async Task<WriteResult> InsertAsync(string table, RowKey key, JsonValue body, CancellationToken cancellationToken = default)
        {
            await BeforeWriteAsync(key);
            return await Inner.InsertAsync(table, key, body, cancellationToken);
        }

        public async Task<WriteResult> ReplaceAsync(string table, RowKey key, JsonValue body, string etag, CancellationToken cancellationToken = default)
        {
            await BeforeWriteAsync(key);
            return await Inner.ReplaceAsync(table, key, body, etag, cancellationToken);
        }

        public Task<WriteResult> DeleteAsync(string table, RowKey key, string etag, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public IAsyncEnumerable<TableRow> QueryAsync(
            string table, string partition, string? from = null, string? to = null, bool descending = false, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        protected virtual Task BeforeReadAsync() => Task.CompletedTask;

        protected abstract Task BeforeWriteAsync(RowKey key);
    }
}
