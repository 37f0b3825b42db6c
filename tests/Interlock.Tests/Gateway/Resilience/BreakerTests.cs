using Interlock.Core.Gateway.Resilience;
using Interlock.Core.Registry;

namespace Interlock.Tests.Gateway.Resilience;

public sealed class BreakerTests
{
    private readonly ManualClock _clock = new(World.Start);

    private Breaker New(double above = 0.3, int over = 10, int seconds = 15) =>
        new(new ResilienceSettings { BreakAbove = above, BreakOver = over, BreakSeconds = seconds }, _clock);

    private static async Task ReportAsync(Breaker breaker, params IEnumerable<Verdict> verdicts)
    {
        foreach (var verdict in verdicts)
        {
            var pass = breaker.Enter();
            Assert.NotNull(pass);
            await pass.ReportAsync(verdict);
        }
    }

    private static IEnumerable<Verdict> Of(int good, int bad) => [.. Enumerable.Repeat(Verdict.Good, good), .. Enumerable.Repeat(Verdict.Bad, bad)];

    [Theory]
    [InlineData(7, 3, CircuitPhase.Closed)]
    [InlineData(6, 4, CircuitPhase.Open)]
    [InlineData(0, 9, CircuitPhase.Closed)]
    [InlineData(0, 10, CircuitPhase.Open)]
    [InlineData(70, 30, CircuitPhase.Closed)]
    [InlineData(70, 31, CircuitPhase.Open)]
    public async Task Report_OfTen_OpensStrictlyAboveThirtyPercent(int good, int bad, CircuitPhase phase)
    {
        var breaker = New();
        await ReportAsync(breaker, Of(good, bad));
        Assert.Equal(phase, breaker.Phase);
    }

    [Fact]
    public async Task Report_WhereNoShareIsAbove_NeverOpens()
    {
        var breaker = New(above: 1);
        await ReportAsync(breaker, Of(0, 100));
        Assert.True(breaker.TakesCalls);
    }

    [Fact]
    public async Task Report_FailuresOlderThanAMinute_CountNoMore()
    {
        var breaker = New();
        await ReportAsync(breaker, Of(0, 9));
        _clock.Advance(TimeSpan.FromSeconds(61));
        await ReportAsync(breaker, Of(9, 1));
        Assert.Equal(CircuitPhase.Closed, breaker.Phase);
    }

    [Fact]
    public async Task Enter_Open_TakesOneCallAfterItsTimeAndNoOtherUntilThatHasEnded()
    {
        var breaker = New();
        await ReportAsync(breaker, Of(0, 10));
        Assert.Null(breaker.Enter());
        Assert.Equal(TimeSpan.FromSeconds(15), breaker.Wait);
        _clock.Advance(TimeSpan.FromSeconds(14.9));
        Assert.Null(breaker.Enter());
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(CircuitPhase.HalfOpen, breaker.Phase);
        var probe = breaker.Enter();
        Assert.NotNull(probe);
        Assert.False(breaker.TakesCalls);
        Assert.Null(breaker.Enter());
        await probe.ReportAsync(Verdict.Bad);
        Assert.Equal(CircuitPhase.Open, breaker.Phase);
        Assert.Null(breaker.Enter());
        _clock.Advance(TimeSpan.FromSeconds(15));
        await ReportAsync(breaker, Verdict.Good);
        Assert.Equal(CircuitPhase.Closed, breaker.Phase);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Report_ProbesThatTaughtNothing_LeaveTheirTurnToTheNext_WhichDecides(bool isGood)
    {
        var breaker = New();
        await ReportAsync(breaker, Of(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(15));
        for (var hasty = 0; hasty < 3; hasty++)
        {
            await ReportAsync(breaker, Verdict.Uncounted);
            Assert.Equal((CircuitPhase.HalfOpen, true, TimeSpan.Zero), (breaker.Phase, breaker.TakesCalls, breaker.Wait));
        }
        var next = breaker.Enter();
        Assert.NotNull(next);
        Assert.Null(breaker.Enter()); // one at a time, as ever
        await next.ReportAsync(isGood ? Verdict.Good : Verdict.Bad);
        Assert.Equal(isGood ? CircuitPhase.Closed : CircuitPhase.Open, breaker.Phase);
        Assert.Equal(isGood ? TimeSpan.Zero : TimeSpan.FromSeconds(15), breaker.Wait);
    }

    [Fact]
    public async Task Enter_CallThatCanTellNothing_IsLetInOnlyWhereItIsClosed()
    {
        var breaker = New();
        Assert.NotNull(breaker.Enter(canTell: false));
        await ReportAsync(breaker, Of(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(15));
        Assert.Null(breaker.Enter(canTell: false));
        await ReportAsync(breaker, Verdict.Uncounted);
        Assert.Null(breaker.Enter(canTell: false));
        await ReportAsync(breaker, Verdict.Good);
        Assert.NotNull(breaker.Enter(canTell: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Report_OfACallFromBeforeItOpened_DecidesNothing(bool isGood)
    {
        var breaker = New();
        var slow = breaker.Enter()!; // it is closed
        await ReportAsync(breaker, Of(0, 10));
        _clock.Advance(TimeSpan.FromSeconds(15));
        var probe = breaker.Enter()!; // its time is over
        await slow.ReportAsync(isGood ? Verdict.Good : Verdict.Bad);
        Assert.Null(breaker.Enter());
        await probe.ReportAsync(isGood ? Verdict.Bad : Verdict.Good);
        Assert.Equal(isGood ? CircuitPhase.Open : CircuitPhase.Closed, breaker.Phase);
    }

    /// <summary>Whatever comes in whatever order: what a model of ten lines says. Calls overlap; time moves only while the circuit is open, so that no call is forgotten.</summary>
    [Fact]
    public async Task Report_AnySequence_FollowsTheModel()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var (over, above, seconds) = (random.Next(2, 15), random.Next(1, 20) * 0.05, random.Next(1, 60));
            var breaker = New(above, over, seconds);
            var under = new List<(Breaker.BreakerPass Pass, bool IsProbe)>();
            var (good, bad, opened, probing) = (0, 0, (DateTimeOffset?)null, false);
            for (var step = 0; step < 200; step++)
            {
                var now = _clock.GetUtcNow();
                var takes = opened is null || (now >= opened + TimeSpan.FromSeconds(seconds) && !probing);
                Assert.Equal(takes, breaker.TakesCalls);
                switch (random.Next(4))
                {
                    case 0 when opened is not null:
                        _clock.Advance(TimeSpan.FromSeconds(random.Next(1, seconds + 1)));
                        break;
                    case < 2:
                        var pass = breaker.Enter();
                        Assert.Equal(takes, pass is not null);
                        if (pass is null) break;
                        under.Add((pass, opened is not null));
                        probing = opened is not null;
                        break;
                    case var _ when under.Count > 0:
                        var ended = under[random.Next(under.Count)];
                        under.Remove(ended);
                        var verdict = (Verdict)random.Next(3);
                        await ended.Pass.ReportAsync(verdict);
                        if (ended.IsProbe) (probing, opened, good, bad) = (false, verdict switch { Verdict.Good => null, Verdict.Bad => now, _ => opened }, 0, 0);
                        else if (opened is null && verdict == Verdict.Good) good++;
                        else if (opened is null && verdict == Verdict.Bad && ++bad + good >= over && bad > above * (good + bad) + 1e-9) opened = now;
                        break;
                }
            }
        }
    }
}
