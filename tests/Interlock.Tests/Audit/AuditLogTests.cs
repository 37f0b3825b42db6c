using System.Collections.Concurrent;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Storage;
using Interlock.Json;
using static Interlock.Tests.Audit.AuditSamples;

namespace Interlock.Tests.Audit;

public sealed class AuditLogTests
{
    private readonly MemoryTableStore _store = new();
    private readonly AuditLog _log;

    public AuditLogTests() => _log = new AuditLog(_store);

    [Fact]
    public async Task Append_FirstRecord_StartsFromTheGenesisOfItsChain()
    {
        await _log.FillAsync(Run(), 2);

        var entries = await EntriesAsync(Run());
        Assert.Equal(CanonicalJson.Digest(JsonValue.Object(("chain", "run:r1"), ("tenant", "contoso"))), entries[0].Prev);
        Assert.Equal(entries[0].Hash, entries[1].Prev);
        Assert.Equal([1, 2], entries.Select(entry => entry.Seq));
        Assert.Equal("outcome 2", entries[1].Record.Outcome);
        Assert.Equal("run:r1", Assert.Single(await ChainsAsync()));
    }

    [Fact]
    public async Task Append_From32AtOnce_GivesOneGaplessChain()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 32).Select(writer => Task.Run(async () =>
        {
            var seqs = new List<long>();
            for (var i = 0; i < 20; i++)
                seqs.AddRange(Assert.IsType<AuditAppendResult.Appended>(await _log.AppendAsync(Run(), [Record(Run(), $"{writer}-{i}")], [], Token)).Seqs);
            return seqs;
        })));

        Assert.Equal(Enumerable.Range(1, 640).Select(i => (long)i), results.SelectMany(seqs => seqs).Order());
        await AssertIntactAsync(640);
    }

    [Fact]
    public async Task Append_FromTwoProcesses_InterleavesAndVerifies()
    {
        var other = new AuditLog(_store);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < 10; i++)
                Assert.IsType<AuditAppendResult.Appended>(await (writer % 2 == 0 ? _log : other).AppendAsync(Run(), [Record(Run(), $"{writer}-{i}")], [], Token));
        })));

        await AssertIntactAsync(160);
    }

    [Fact]
    public async Task Append_SameIdAgain_TellsItsPlaceAndWritesNothing()
    {
        await _log.FillAsync(Run(), 3);
        var again = Record(Run(), "run:r1-2", "another outcome");

        foreach (var log in new[] { _log, new AuditLog(_store) })
            Assert.Equal([2], Assert.IsType<AuditAppendResult.AlreadyAppended>(await log.AppendAsync(Run(), [again], [], Token)).Seqs);

        Assert.Equal("outcome 2", (await EntriesAsync(Run()))[1].Record.Outcome);
        await AssertIntactAsync(3);
    }

    [Fact]
    public async Task Append_SameIdFrom32AtOnce_IsAppendedOnce()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(() =>
            _log.AppendAsync(Run(), [Record(Run(), "same")], [], Token))));

        Assert.Single(results.OfType<AuditAppendResult.Appended>());
        Assert.Equal(31, results.OfType<AuditAppendResult.AlreadyAppended>().Count(result => result.Seqs[0] == 1));
        await AssertIntactAsync(1);
    }

    [Fact]
    public async Task Append_RaceForOneSpentRow_ExactlyOneWinsAndLosersLeaveNoTrace()
    {
        var other = new AuditLog(_store);
        var results = await Task.WhenAll(Enumerable.Range(0, 32).Select(effect => Task.Run(() => (effect % 2 == 0 ? _log : other).AppendAsync(
            Run(),
            [Record(Run(), $"intent:{effect}")],
            [Row($"effect:{effect}:1"), Row("spent:g1:1")],
            Token))));

        Assert.Single(results.OfType<AuditAppendResult.Appended>());
        Assert.Equal(31, results.OfType<AuditAppendResult.AlongsideExists>().Count(result => result.Row == "spent:g1:1"));
        Assert.Single((await EntriesAsync(Run())));
        Assert.Single(await RowsAsync("effect:", "effect;"));
        await AssertIntactAsync(1);
    }

    [Fact]
    public async Task Append_RowAlongsideExists_DoesNotHoldUpOthersInTheSameBatch()
    {
        await _log.AppendAsync(Run(), [Record(Run(), "first")], [Row("spent:g:1")], Token);
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i =>
            _log.AppendAsync(Run(), [Record(Run(), $"n{i}")], i % 5 == 0 ? [Row("spent:g:1")] : [], Token)));

        Assert.Equal(4, results.OfType<AuditAppendResult.AlongsideExists>().Count());
        Assert.Equal(16, results.OfType<AuditAppendResult.Appended>().Count());
        await AssertIntactAsync(17);
    }

    [Fact]
    public async Task Append_SeveralRecords_StandTogether()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => _log.AppendAsync(
            Run(), [.. Enumerable.Range(0, 5).Select(k => Record(Run(), $"{i}-{k}"))], [], Token)));

        foreach (var result in results.Cast<AuditAppendResult.Appended>())
            Assert.Equal(Enumerable.Range(0, 5).Select(k => result.Seqs[0] + k), result.Seqs);
        await AssertIntactAsync(200);
    }

    [Fact]
    public async Task Append_SomeIdsThereBefore_FailsWithoutWriting()
    {
        await _log.FillAsync(Run(), 1);
        await Assert.ThrowsAsync<InvalidOperationException>(() => _log.AppendAsync(Run(), [Record(Run(), "run:r1-1"), Record(Run(), "new")], [], Token));

        await AssertIntactAsync(1);
    }

    [Fact]
    public async Task Append_AnswerLostAfterWriting_IsRecognisedAsItsOwnWhenTheStoreRepeats()
    {
        var log = new AuditLog(new RepeatingStore(_store));

        var result = await log.AppendAsync(Run(), [Record(Run(), "a")], [Row("effect:a:1")], Token);

        Assert.Equal([1], Assert.IsType<AuditAppendResult.Appended>(result).Seqs);
        await AssertIntactAsync(1);
    }

    [Fact]
    public async Task Append_StoreFailsBeforeOrAfterWriting_ThrowsAndCanBeRepeated()
    {
        foreach (var after in new[] { false, true })
        {
            var chain = Run(after ? "after" : "before");
            var faulty = new FaultyStore(_store, after);
            var log = new AuditLog(faulty);
            await Assert.ThrowsAsync<IOException>(() => log.AppendAsync(chain, [Record(chain, "a")], [], Token));

            var repeated = await log.AppendAsync(chain, [Record(chain, "a")], [], Token);

            Assert.Equal(after ? typeof(AuditAppendResult.AlreadyAppended) : typeof(AuditAppendResult.Appended), repeated.GetType());
            Assert.True((await AuditVerifier.VerifyChainAsync(_store, chain, Token)).IsIntact);
            Assert.Single(await EntriesAsync(chain));
        }
    }

    [Fact]
    public async Task Append_ToManyChains_ListsEachOnceAndTenantsNeverMeet()
    {
        var fabrikam = new TenantId("fabrikam");
        for (var i = 0; i < 20; i++) await _log.FillAsync(Run($"r{i:00}"), 2);
        await _log.FillAsync(AuditChain.ForRun(fabrikam, new RunId("r00")), 1);
        await _log.FillAsync(AuditChain.ForPrincipal(Tenant, "user:a/b#c", AuditSamples.Time), 1);

        Assert.Equal(["principal:user:a/b#c:2026-03-03", .. Enumerable.Range(0, 20).Select(i => $"run:r{i:00}")], await ChainsAsync());
        Assert.Single(await EntriesAsync(AuditChain.ForRun(fabrikam, new RunId("r00"))));
        Assert.Equal(2, (await EntriesAsync(Run("r00"))).Count);
        Assert.DoesNotContain(await _log.ExportAsync(), line => line.Contains("fabrikam", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Append_Always_OnlyInserts()
    {
        var watched = new FaultyStore(_store, null);
        await new AuditLog(watched).FillAsync(Run(), 3);

        Assert.All(watched.Writes, write => Assert.IsType<TableWrite.Insert>(write));
        Assert.Equal(6, watched.Writes.Count);
    }

    [Fact]
    public async Task Append_WhatIsNotAllowed_Throws()
    {
        var record = Record(Run(), "a");
        await RefusedAsync([record with { Tenant = new TenantId("fabrikam") }]);
        await RefusedAsync([record with { Chain = "run:r2" }]);
        await RefusedAsync([]);
        await RefusedAsync([record, record]);
        await RefusedAsync([record with { Id = "" }]);
        await RefusedAsync([record with { Details = new string('x', 300_000) }]);
        await RefusedAsync([record with { Details = StrictJson.ParseLenient("9007199254740993") }]);
        await RefusedAsync([record with { Id = new string('/', 400) }]);
        await RefusedAsync([record with { Id = "a\ud800" }]);
        await RefusedAsync([record with { Reason = "a\ud800" }]);
        await RefusedAsync([record], Row("id:b"));
        await RefusedAsync([record], Row("0000000000000000009"));
        await RefusedAsync([record], Row("9:x"));
        await RefusedAsync([record], Row("spent:a/b"));
        await RefusedAsync([record], Row("spent:a"), Row("spent:a"));
        await RefusedAsync([record], new TableWrite.Delete("spent:a", "*"));
        await RefusedAsync([record], new TableWrite.Replace("spent:a", JsonValue.Null, "*"));

        Assert.Empty(await ChainsAsync());

        async Task RefusedAsync(IReadOnlyList<AuditRecord> records, params TableWrite[] alongside) =>
            await Assert.ThrowsAsync<ArgumentException>(() => _log.AppendAsync(Run(), records, alongside, Token));
    }

    private static TableWrite.Insert Row(string key) => new(key, JsonValue.EmptyObject);

    private async Task AssertIntactAsync(long records)
    {
        var verification = await VerifyAsync(await _log.ExportAsync());
        Assert.Empty(verification.Findings);
        Assert.True(verification.TruncationExcluded);
        Assert.Equal(records, verification.Records);
        Assert.True((await AuditVerifier.VerifyStoreAsync(_store, Tenant, cancellationToken: Token)).IsIntact);
    }

    private async Task<List<AuditEntry>> EntriesAsync(AuditChain chain) => await _log.ReadAsync(chain.Tenant, chain.Id, Token).ToListAsync(Token);

    private async Task<List<string>> ChainsAsync() => await _log.ListChainsAsync(Tenant, Token).ToListAsync(Token);

    private async Task<List<TableRow>> RowsAsync(string from, string to) =>
        await _store.QueryAsync(AuditChain.RecordsTable, Run().Partition, from, to, cancellationToken: Token).ToListAsync(Token);

    /// <summary>Repeats every batch that succeeded, as a client does whose first answer got lost.</summary>
    private sealed class RepeatingStore(ITableStore inner) : StoreDecorator(inner)
    {
        public override async Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
        {
            await base.BatchAsync(table, partition, writes, cancellationToken);
            return await base.BatchAsync(table, partition, writes, cancellationToken);
        }
    }

    /// <summary>Breaks the first batch before or after it is written; remembers the writes.</summary>
    private sealed class FaultyStore(ITableStore inner, bool? failAfter) : StoreDecorator(inner)
    {
        private bool _failed = failAfter is null;

        public ConcurrentQueue<TableWrite> Writes { get; } = new();

        public override async Task<BatchResult> BatchAsync(string table, string partition, IReadOnlyList<TableWrite> writes, CancellationToken cancellationToken = default)
        {
            foreach (var write in writes) Writes.Enqueue(write);
            var fails = !_failed;
            _failed = true;
            if (fails && failAfter == false) throw new IOException("before");
            var result = await base.BatchAsync(table, partition, writes, cancellationToken);
            return fails ? throw new IOException("after") : result;
        }
    }
}
