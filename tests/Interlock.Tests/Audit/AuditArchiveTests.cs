using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Identity;
using static Interlock.Tests.Audit.AuditSamples;

namespace Interlock.Tests.Audit;

/// <summary>Chains of runs <c>r1</c>, <c>r2</c>, … whose records are of <see cref="AuditSamples.Time"/>, and of principals.</summary>
public sealed class AuditArchiveTests
{
    private static readonly string _r1 = "contoso/run/2026-03-03/r1.jsonl";

    private readonly MemoryTableStore _records = new();
    private readonly MemoryTableStore _index = new();
    private readonly MemoryArchive _archive = new();
    private readonly ManualTime _time = new(Time.AddHours(2));
    private readonly HashSet<string> _over = new(StringComparer.Ordinal);

    [Fact]
    public async Task Run_FinishedRun_IsAFileThatVerifiesByItself()
    {
        await EndAsync("r1");
        var done = await RunAsync();
        Assert.Equal((1, 0, 1L, true, 0), (done.Exported, done.Open, done.Heads, done.IsComplete, done.Failed.Count));
        var verified = await VerifyAsync(Lines(_r1));
        Assert.True(verified.IsIntact && verified.TruncationExcluded);
        Assert.Equal((4, 1), (verified.Records, verified.Chains));
    }

    [Fact]
    public async Task Run_ExportedFileTamperedWith_IsFoundByTheVerifier()
    {
        await EndAsync("r1");
        await RunAsync();
        var lines = Lines(_r1);
        Assert.False((await VerifyAsync([.. lines.Select(line => line.Replace("outcome 2", "outcome 9", StringComparison.Ordinal))])).IsIntact);
        for (var i = 0; i < lines.Count - 1; i++)
        {
            var without = lines.Where((_, at) => at != i);
            Assert.False((await VerifyAsync(without)).IsIntact, $"without line {i + 1}");
        }
        Assert.False((await VerifyAsync(lines.SkipLast(1))).TruncationExcluded);
    }

    [Fact]
    public async Task Run_Again_ExportsOnceAndAnchorsAfterTheFirst()
    {
        await EndAsync("r1");
        await EndAsync("r2", over: false);
        await RunAsync();
        var stored = _archive.Objects[_r1];
        _time.Now = _time.Now.AddHours(1);
        var done = await RunAsync();
        Assert.Equal((0, 1, 2L), (done.Exported, done.Open, done.Heads));
        Assert.Same(stored, _archive.Objects[_r1]);
        Assert.Equal(3, _archive.Objects.Count);
        Assert.Equal(CanonicalJson.Digest(_archive.Objects[HeadsName(1)]), Heads(2)["previous"]!.AsString());
        Assert.Equal(JsonValue.Null, Heads(1)["previous"]);
    }

    [Fact]
    public async Task Run_NothingRecorded_AddsNothing()
    {
        Assert.Equal((0, 0, null), (await RunAsync()) is var done ? (done.Exported, done.Open, done.Heads) : default);
        Assert.Empty(_archive.Objects);
    }

    [Fact]
    public async Task Heads_NameEveryChainsEnd_AndTheObjectsOfTheFinished()
    {
        await EndAsync("r1");
        await Log().FillAsync(Run("r2"), 2);
        await RunAsync();
        var chains = Heads(1)["chains"]!;
        Assert.Equal(["run:r1", "run:r2"], chains.Members.Select(member => member.Key));
        var last = (await Log().ReadAsync(Tenant, "run:r1", Token).ToListAsync(Token))[^1];
        Assert.Equal(
            JsonValue.Object(("seq", 4), ("hash", last.Hash), ("object", _r1), ("digest", CanonicalJson.Digest(_archive.Objects[_r1]))),
            chains["run:r1"]);
        Assert.Equal(2, chains["run:r2"]!["seq"]!.AsNumber());
        Assert.Null(chains["run:r2"]!["object"]);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Run_RunWithoutItsEndOrNotOver_StaysOpen(bool ended, bool over)
    {
        if (ended) await EndAsync("r1", over);
        else await Log().FillAsync(Run("r1"), 3);
        if (over) _over.Add("r1");
        Assert.Equal((0, 1), (await RunAsync()) is var done ? (done.Exported, done.Open) : default);
        Assert.DoesNotContain(_r1, _archive.Objects.Keys);
    }

    [Fact]
    public async Task Run_RunEndsBetweenPasses_IsExportedWhenItSettled()
    {
        await Log().FillAsync(Run("r1"), 3);
        Assert.Equal(1, (await RunAsync()).Open);
        await EndAsync("r1", at: _time.Now);
        Assert.Equal(1, (await RunAsync()).Open);
        _time.Now = _time.Now.AddHours(1);
        Assert.Equal((1, 0), (await RunAsync()) is var done ? (done.Exported, done.Open) : default);
    }

    [Fact]
    public async Task Run_CallRecordedAfterTheRunsEnd_IsInTheFile()
    {
        await EndAsync("r1");
        await Log().AppendAsync(Run("r1"), [Record(Run("r1"), "late") with { Time = Time.AddMinutes(20) }], [], Token);
        await RunAsync();
        Assert.Equal(5, (await VerifyAsync(Lines(_r1))).Records);
    }

    [Theory]
    [InlineData("2026-03-03T23:59:59Z", false)]
    [InlineData("2026-03-05T23:59:59Z", false)]
    [InlineData("2026-03-06T00:00:00Z", true)]
    public async Task Run_PrincipalsDay_IsExportedTwoDaysAfterItPassed(string now, bool exported)
    {
        var chain = AuditChain.ForPrincipal(Tenant, "user:ana/b@contoso.com", Time);
        await Log().FillAsync(chain, 2);
        _time.Now = DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(exported ? 1 : 0, (await RunAsync()).Exported);
        Assert.Equal(exported, _archive.Objects.ContainsKey("contoso/principal/2026-03-03/user~3aana~2fb~40contoso~2ecom.jsonl"));
    }

    [Fact]
    public async Task Names_OfLongSubjects_AreShortAndTheirOwn()
    {
        var subjects = new[] { new string('é', 300) + "a", new string('é', 300) + "b" };
        foreach (var subject in subjects) await Log().FillAsync(AuditChain.ForPrincipal(Tenant, subject, Time), 1);
        _time.Now = Time.AddDays(3);
        Assert.Equal(2, (await RunAsync()).Exported);
        Assert.Equal(2, _archive.Objects.Keys.Count(name => name.Contains("/principal/", StringComparison.Ordinal)));
        Assert.All(_archive.Objects.Keys, name => Assert.True(name.Length < 400 && name.All(c => char.IsAsciiLetterOrDigit(c) || "-_.~/".Contains(c, StringComparison.Ordinal)), name));
    }

    [Fact]
    public async Task Run_OtherTenants_AreLeftAlone()
    {
        await EndAsync("r1");
        var other = AuditChain.ForRun(new TenantId("fabrikam"), new RunId("r1"));
        await Log().FillAsync(other, 2);
        await RunAsync();
        Assert.All(_archive.Objects.Keys, name => Assert.StartsWith("contoso/", name, StringComparison.Ordinal));
        Assert.DoesNotContain("fabrikam", string.Join('\n', Lines(_r1)) + Heads(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_CrashedBetweenObjectAndIndex_FindsItDoneAndAnchorsIt()
    {
        await EndAsync("r1");
        var faulty = new FaultyTableStore(_index);
        var archive = Archive(index: faulty);
        var struck = 0;
        for (var at = 1; at <= 4; at++)
        {
            faulty.Arm(at, Gateway.Fault.ThrowBefore);
            try
            {
                await archive.RunAsync(Tenant, Token);
            }
            catch (StoreFaultException)
            {
                struck++;
            }
        }
        Assert.True(struck >= 3, "The index failed in the middle.");
        await RunAsync();
        await AssertAnchoredAsync("r1");
        Assert.Equal(1, _archive.Objects.Keys.Count(name => !name.Contains("/heads/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Run_StoresFailAtEveryBoundary_NothingIsLostOrDoubled()
    {
        for (var i = 1; i <= 3; i++) await EndAsync($"r{i}");
        var (records, index) = (new FaultyTableStore(_records), new FaultyTableStore(_index));
        var archive = Archive(records, index);
        foreach (var (store, most) in new[] { (records, 12), (index, 8) })
        {
            foreach (var fault in new[] { Gateway.Fault.ThrowBefore, Gateway.Fault.ThrowAfter })
            {
                for (var at = 1; at <= most; at++)
                {
                    store.Arm(at, fault);
                    await Xunit.Record.ExceptionAsync(() => archive.RunAsync(Tenant, Token));
                }
            }
        }
        records.Arm(0, default);
        index.Arm(0, default);
        while (await archive.RunAsync(Tenant, Token) is { IsComplete: false } or { Exported: > 0 }) Assert.True(_archive.Objects.Count < 1000);
        foreach (var run in new[] { "r1", "r2", "r3" }) await AssertAnchoredAsync(run);
        AssertHeadsChain();
    }

    [Fact]
    public async Task Run_ArchiveFailsForOneChain_TheOthersGoOnAndItIsTriedAgain()
    {
        await EndAsync("r1");
        await EndAsync("r2");
        _archive.Before = name => _ = name == _r1 ? throw new IOException("The archive is away.") : 0;
        var done = await RunAsync();
        Assert.Equal((1, "run:r1"), (done.Exported, Assert.Single(done.Failed).Chain));
        _archive.Before = null;
        Assert.Equal((1, 0), (await RunAsync()) is var again ? (again.Exported, again.Failed.Count) : default);
        await AssertAnchoredAsync("r1");
        await AssertAnchoredAsync("r2");
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task Run_HeadsObjectFails_TheNextPassAnchorsAfterWhatIsThere(bool added, long heads)
    {
        await EndAsync("r1");
        Action<string> fail = name => _ = name == HeadsName(1) ? throw new IOException("The connection was reset.") : 0;
        if (added) _archive.After = fail;
        else _archive.Before = fail;
        await Assert.ThrowsAsync<IOException>(RunAsync);
        (_archive.Before, _archive.After) = (null, null);
        _time.Now = _time.Now.AddHours(1);
        Assert.Equal(heads, (await RunAsync()).Heads);
        AssertHeadsChain();
        await AssertAnchoredAsync("r1");
    }

    [Fact]
    public async Task Run_ObjectWithOtherContent_IsAnErrorAndItsHeadIsAnchored()
    {
        await EndAsync("r1");
        await EndAsync("r2");
        _archive.Overwrite(_r1, Encoding.UTF8.GetBytes("forged"));
        for (var i = 0; i < 2; i++)
        {
            var failed = Assert.Single((await RunAsync()).Failed);
            Assert.Equal("run:r1", failed.Chain);
            Assert.IsType<ArchiveConflictException>(failed.Error);
        }
        Assert.Equal("forged", Encoding.UTF8.GetString(_archive.Objects[_r1]));
        Assert.Null(Heads(1)["chains"]!["run:r1"]!["object"]);
        await AssertAnchoredAsync("r2");
    }

    [Fact]
    public async Task Run_IndexLost_FindsEverythingAgain()
    {
        for (var i = 1; i <= 3; i++)
        {
            await EndAsync($"r{i}");
            await RunAsync();
        }
        var before = _archive.Objects.Keys.ToHashSet();
        _time.Now = _time.Now.AddHours(1);
        var done = await Archive(index: new MemoryTableStore()).RunAsync(Tenant, Token);
        Assert.Equal((3, 4L, 0), (done.Exported, done.Heads, done.Failed.Count));
        Assert.Equal([HeadsName(4)], _archive.Objects.Keys.Except(before));
        AssertHeadsChain();
    }

    [Fact]
    public async Task Run_TwoAtOnce_EachChainIsOneObjectAndTheHeadsAreOneChain()
    {
        for (var i = 1; i <= 8; i++) await EndAsync($"r{i}");
        var (records, index) = (new YieldingTableStore(_records), new YieldingTableStore(_index));
        using var meet = new Barrier(2);
        _archive.Before = name => _ = name == HeadsName(1) && !meet.SignalAndWait(TimeSpan.FromSeconds(60), Token) ? throw new TimeoutException() : 0;
        var passes = await Task.WhenAll(Enumerable.Range(0, 2).Select(i => Task.Run(() => Archive(records, index, new ManualTime(_time.Now.AddSeconds(i))).RunAsync(Tenant, Token))));
        Assert.All(passes, pass => Assert.Empty(pass.Failed));
        Assert.Equal([1, 2], passes.Select(pass => pass.Heads ?? 0).Order());
        for (var i = 1; i <= 8; i++) await AssertAnchoredAsync($"r{i}");
        Assert.Equal(8, _archive.Objects.Keys.Count(name => !name.Contains("/heads/", StringComparison.Ordinal)));
        AssertHeadsChain();
        Assert.Equal(0, (await RunAsync()).Exported);
    }

    [Fact]
    public async Task Run_MoreThanOnePassTakes_GoesOnWhereItStopped()
    {
        for (var i = 1; i <= 5; i++) await EndAsync($"r{i}");
        _archive.Before = name => _time.Now += name.Contains("/run/", StringComparison.Ordinal) ? AuditArchive.Patience * 0.6 : default;
        var passes = new List<ArchivePass>();
        do passes.Add(await RunAsync());
        while (!passes[^1].IsComplete);
        Assert.Equal([2, 2, 1], passes.Select(pass => pass.Exported));
        AssertHeadsChain();
    }

    private AuditLog Log() => new(_records, _time);

    private AuditArchive Archive(ITableStore? records = null, ITableStore? index = null, TimeProvider? time = null) =>
        new(records ?? _records, index ?? _index, _archive, (tenant, run, _) => Task.FromResult(tenant == Tenant && _over.Contains(run.Value)), time ?? _time);

    private Task<ArchivePass> RunAsync() => Archive().RunAsync(Tenant, Token);

    /// <summary>Three records and the run's end.</summary>
    private async Task EndAsync(string run, bool over = true, DateTimeOffset? at = null)
    {
        if (!await Log().ReadAsync(Tenant, Run(run).Id, Token).AnyAsync(Token)) await Log().FillAsync(Run(run), 3);
        await Log().AppendAsync(Run(run), [AuditSamples.Record(Run(run), RunRecords.ClosedId(new RunId(run))) with { Type = AuditTypes.RunState, Time = at ?? Time }], [], Token);
        if (over) _over.Add(run);
    }

    private List<string> Lines(string name) => [.. Encoding.UTF8.GetString(_archive.Objects[name]).TrimEnd('\n').Split('\n')];

    private static string HeadsName(long number) => $"contoso/heads/{number:D10}.json";

    private JsonValue Heads(long number) => StrictJson.Parse(_archive.Objects[HeadsName(number)]);

    private async Task AssertAnchoredAsync(string run)
    {
        var name = $"contoso/run/2026-03-03/{run}.jsonl";
        Assert.True((await VerifyAsync(Lines(name))).IsIntact);
        var digest = CanonicalJson.Digest(_archive.Objects[name]);
        Assert.Contains(_archive.Objects.Keys.Where(key => key.Contains("/heads/", StringComparison.Ordinal)), key =>
            StrictJson.Parse(_archive.Objects[key])["chains"]!["run:" + run]?["digest"]?.AsString() == digest);
    }

    private void AssertHeadsChain()
    {
        var count = _archive.Objects.Keys.Count(name => name.Contains("/heads/", StringComparison.Ordinal));
        for (var number = 1; number <= count; number++)
        {
            var previous = number == 1 ? JsonValue.Null : CanonicalJson.Digest(_archive.Objects[HeadsName(number - 1)]);
            Assert.Equal(previous, Heads(number)["previous"]);
            Assert.Equal(number, Heads(number)["number"]!.AsNumber());
        }
    }
}
