using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Storage;
using Interlock.Json;
using static Interlock.Tests.Audit.AuditSamples;

namespace Interlock.Tests.Audit;

/// <summary>Two runs of five records: lines 0 to 4 are r1's, 5 to 9 r2's, 10 the end.</summary>
public sealed class AuditVerifierTests
{
    private readonly MemoryTableStore _store = new();

    [Fact]
    public async Task Verify_Untouched_IsIntactAndExcludesTruncation()
    {
        var verification = await VerifyAsync(await LinesAsync());

        Assert.Equal((10, 2, true, 0), (verification.Records, verification.Chains, verification.TruncationExcluded, verification.FindingCount));
    }

    [Fact]
    public async Task Verify_AnyCharacterOfAnyLineChanged_IsFoundUnlessItMeansTheSame()
    {
        var lines = await LinesAsync();
        foreach (var index in new[] { 2, 10 })
        {
            var line = lines[index];
            for (var i = 0; i < line.Length; i++)
            {
                lines[index] = line[..i] + (line[i] == '7' ? '8' : '7') + line[(i + 1)..];
                Assert.False((await VerifyAsync(lines)).IsIntact, $"line {index}, character {i}: {lines[index]}");
            }
            lines[index] = line;
        }
    }

    [Fact]
    public async Task Verify_OutcomeEdited_IsLocated()
    {
        var lines = await LinesAsync();
        lines[2] = lines[2].Replace("outcome 3", "outcome 4", StringComparison.Ordinal);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Edited, "run:r1", 3, 3), (finding.Kind, finding.Chain, finding.Seq, finding.Line));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    [InlineData(4, 5)]
    public async Task Verify_EditedWithRecomputedHash_IsLocated(int index, int seq)
    {
        var lines = await LinesAsync();
        var record = StrictJson.Parse(lines[index])["record"]!.With("outcome", "nothing happened");
        lines[index] = Rehash(lines[index], record: record);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Edited, "run:r1", seq), (finding.Kind, finding.Chain, finding.Seq));
    }

    [Fact]
    public async Task Verify_WholeChainRewrittenFromAnEditOn_IsFoundAtItsHead()
    {
        var lines = await LinesAsync();
        var prev = StrictJson.Parse(lines[1])["hash"]!.AsString();
        for (var i = 2; i < 5; i++)
        {
            var record = StrictJson.Parse(lines[i])["record"]!;
            lines[i] = Rehash(lines[i], prev: prev, record: i == 2 ? record.With("outcome", "forged") : record);
            prev = StrictJson.Parse(lines[i])["hash"]!.AsString();
        }

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Edited, "run:r1", 5), (finding.Kind, finding.Chain, finding.Seq));
        Assert.True((await VerifyAsync(lines[..10])).IsIntact); // without the end nothing can tell
        Assert.False((await VerifyAsync(lines[..10])).TruncationExcluded);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 3)]
    public async Task Verify_RecordDeleted_IsLocated(int index, int seq)
    {
        var lines = await LinesAsync();
        lines.RemoveAt(index);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Deleted, "run:r1", seq), (finding.Kind, finding.Chain, finding.Seq));
    }

    [Fact]
    public async Task Verify_SeveralRecordsDeleted_AreNamedAsARange()
    {
        var lines = await LinesAsync();
        lines.RemoveRange(1, 3);

        Assert.Equal("Records 2 to 4 are missing.", Assert.Single((await VerifyAsync(lines)).Findings).Detail);
    }

    [Fact]
    public async Task Verify_RecordInsertedWithItsOwnHash_IsLocated()
    {
        var lines = await LinesAsync();
        var record = StrictJson.Parse(lines[2])["record"]!.With("outcome", "approved by ana");
        lines.Insert(2, Rehash(lines[2], record: record));

        var findings = (await VerifyAsync(lines)).Findings;
        Assert.Contains(findings, finding => finding is { Kind: AuditFindingKind.Inserted, Chain: "run:r1", Seq: 3, Line: 4 });
    }

    [Fact]
    public async Task Verify_RecordAppendedAtTheEnd_IsLocated()
    {
        var lines = await LinesAsync();
        lines.Insert(5, Rehash(lines[4], seq: 6, prev: StrictJson.Parse(lines[4])["hash"]!.AsString()));

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Inserted, "run:r1", 6), (finding.Kind, finding.Chain, finding.Seq));
    }

    [Fact]
    public async Task Verify_LineRepeated_IsLocated()
    {
        var lines = await LinesAsync();
        lines.Insert(7, lines[2]);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Inserted, "run:r1", 3, 8), (finding.Kind, finding.Chain, finding.Seq, finding.Line));
    }

    [Fact]
    public async Task Verify_NeighboursSwapped_IsLocated()
    {
        var lines = await LinesAsync();
        (lines[1], lines[2]) = (lines[2], lines[1]);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Reordered, "run:r1", 2, 3), (finding.Kind, finding.Chain, finding.Seq, finding.Line));
    }

    [Fact]
    public async Task Verify_FirstMovedToTheEnd_IsReorderedNotMissing()
    {
        var lines = await LinesAsync();
        lines.Insert(5, lines[0]);
        lines.RemoveAt(0);

        Assert.Equal(AuditFindingKind.Reordered, Assert.Single((await VerifyAsync(lines)).Findings).Kind);
    }

    [Fact]
    public async Task Verify_RecordsOfTwoPlacesSwapped_AreBothLocated()
    {
        var lines = await LinesAsync();
        var (second, third) = (StrictJson.Parse(lines[1]), StrictJson.Parse(lines[2]));
        lines[1] = second.With("record", third["record"]!).ToString();
        lines[2] = third.With("record", second["record"]!).ToString();

        Assert.Equal([(AuditFindingKind.Edited, 2L), (AuditFindingKind.Edited, 3L)], (await VerifyAsync(lines)).Findings.Select(f => (f.Kind, f.Seq)));
    }

    [Fact]
    public async Task Verify_RecordsSwappedBetweenRuns_AreLocatedEvenWithRecomputedHashes()
    {
        var lines = await LinesAsync();
        var (own, foreign) = (StrictJson.Parse(lines[2])["record"]!, StrictJson.Parse(lines[7])["record"]!);
        lines[2] = Rehash(lines[2], record: foreign);
        lines[7] = Rehash(lines[7], record: own);

        var findings = (await VerifyAsync(lines)).Findings;
        Assert.Contains(findings, finding => finding is { Kind: AuditFindingKind.Inserted, Chain: "run:r1", Seq: 3 });
        Assert.Contains(findings, finding => finding is { Kind: AuditFindingKind.Inserted, Chain: "run:r2", Seq: 3 });
    }

    [Fact]
    public async Task Verify_ChainRenamed_IsFoundAtItsFirstRecord()
    {
        var lines = await LinesAsync();
        for (var i = 5; i < 10; i++) lines[i] = lines[i].Replace("run:r2", "run:r3", StringComparison.Ordinal);

        var findings = (await VerifyAsync(lines)).Findings;
        Assert.Contains(findings, finding => finding is { Kind: AuditFindingKind.Edited, Chain: "run:r3", Seq: 1 });
        Assert.Contains(findings, finding => finding is { Kind: AuditFindingKind.Inserted, Chain: "run:r3" });
        Assert.Contains(findings, finding => finding is { Kind: AuditFindingKind.MissingChain, Chain: "run:r2" });
    }

    [Fact]
    public async Task Verify_EndOfAChainCutOff_IsLocated()
    {
        var lines = await LinesAsync();
        lines.RemoveRange(3, 2);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Truncated, "run:r1", 4), (finding.Kind, finding.Chain, finding.Seq));
    }

    [Fact]
    public async Task Verify_WholeChainDropped_IsNamed()
    {
        var lines = await LinesAsync();
        lines.RemoveRange(5, 5);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.MissingChain, "run:r2"), (finding.Kind, finding.Chain));
    }

    [Fact]
    public async Task Verify_ChainAddedWithGoodHashes_IsNamed()
    {
        var lines = await LinesAsync();
        await new AuditLog(_store).FillAsync(Run("r9"), 1);
        var longer = await new AuditLog(_store).ExportAsync();
        lines.Insert(10, longer[10]);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Inserted, "run:r9"), (finding.Kind, finding.Chain));
    }

    [Fact]
    public async Task Verify_WithoutClosingLine_DoesNotClaimThatNothingIsMissing()
    {
        var lines = await LinesAsync();
        var verification = await VerifyAsync(lines[..3]);

        Assert.True(verification.IsIntact);
        Assert.False(verification.TruncationExcluded);
        Assert.False((await VerifyAsync([])).TruncationExcluded);
    }

    [Fact]
    public async Task Verify_ClosingLineAltered_IsMalformedAndExcludesNothing()
    {
        var lines = await LinesAsync();
        var heads = StrictJson.Parse(lines[10])["export"]!["heads"]!.Without("run:r2");
        lines[10] = JsonValue.Object(("export", StrictJson.Parse(lines[10])["export"]!.With("heads", heads))).ToString();
        lines.RemoveRange(5, 5);

        var verification = await VerifyAsync(lines);
        Assert.Equal(AuditFindingKind.Malformed, Assert.Single(verification.Findings).Kind);
        Assert.False(verification.TruncationExcluded);
    }

    [Fact]
    public async Task Verify_ChainsInterleavedInOrder_IsIntact()
    {
        var lines = await LinesAsync();
        List<string> interleaved = [.. Enumerable.Range(0, 5).SelectMany(i => new[] { lines[5 + i], lines[i] }), lines[10]];

        Assert.True((await VerifyAsync(interleaved)).IsIntact);
    }

    [Fact]
    public async Task Verify_SeveralTenantsExports_ExcludeTruncationOnlyWhenAllAreClosed()
    {
        var lines = await LinesAsync();
        var log = new AuditLog(_store);
        var fabrikam = new TenantId("fabrikam");
        await log.FillAsync(AuditChain.ForRun(fabrikam, new RunId("r1")), 2);
        var others = await log.ExportAsync(fabrikam);

        Assert.True((await VerifyAsync([.. lines, .. others])) is { IsIntact: true, TruncationExcluded: true });
        Assert.True((await VerifyAsync([.. lines, .. others[..1]])) is { IsIntact: true, TruncationExcluded: false });
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("")]
    [InlineData("""{"tenant":"contoso","chain":"run:r1","seq":1,"seq":2,"prev":"","hash":"","record":{}}""")]
    [InlineData("""{"tenant":"contoso","chain":"run:r1","seq":1.5,"prev":"","hash":"","record":{}}""")]
    [InlineData("""{"tenant":"contoso","chain":"run:r1","seq":1e300,"prev":"","hash":"","record":{}}""")]
    [InlineData("""{"tenant":"contoso","chain":"run:r1","seq":1,"prev":"","hash":"","record":{},"note":"x"}""")]
    public async Task Verify_LineThatIsNone_IsMalformedByItsNumber(string line)
    {
        var lines = await LinesAsync();
        lines.Insert(4, line);

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Malformed, 5), (finding.Kind, finding.Line));
    }

    [Fact]
    public async Task Verify_EndlessLine_IsSkippedAndTheRestVerified()
    {
        var lines = await LinesAsync();
        lines.Insert(0, new string('x', 9 * 1024 * 1024));

        var finding = Assert.Single((await VerifyAsync(lines)).Findings);
        Assert.Equal((AuditFindingKind.Malformed, 1), (finding.Kind, finding.Line));
    }

    [Fact]
    public async Task Verify_ManyFindings_KeepsTheFirst100AndCountsAll()
    {
        var verification = await VerifyAsync(Enumerable.Repeat("x", 250));

        Assert.Equal((100, 250), (verification.Findings.Count, verification.FindingCount));
    }

    [Fact]
    public async Task VerifyStore_RowsTamperedWith_AreLocated()
    {
        await LinesAsync();
        await TamperAsync(3, row => row.With("record", row["record"]!.With("outcome", "x")));
        Assert.Equal((AuditFindingKind.Edited, 3), await StoreFindingAsync());

        await TamperAsync(3, row => row.With("record", row["record"]!.With("outcome", "outcome 3")).With("seq", 2));
        Assert.Equal((AuditFindingKind.Malformed, 0), await StoreFindingAsync());
    }

    [Fact]
    public async Task VerifyStore_AllRowsOfAListedChainGone_IsAMissingChain()
    {
        await LinesAsync();
        for (var seq = 1; seq <= 5; seq++) await TamperAsync(seq, null);

        Assert.Equal((AuditFindingKind.MissingChain, 0), await StoreFindingAsync());
    }

    private async Task<List<string>> LinesAsync()
    {
        var log = new AuditLog(_store);
        await log.FillAsync(Run("r1"), 5);
        await log.FillAsync(Run("r2"), 5);
        return await log.ExportAsync();
    }

    private async Task TamperAsync(long seq, Func<JsonValue, JsonValue>? change)
    {
        var key = new RowKey(Run().Partition, AuditChain.SeqRow(seq));
        var row = await _store.GetAsync(AuditChain.RecordsTable, key, Token);
        if (change is null) await _store.DeleteAsync(AuditChain.RecordsTable, key, row!.ETag, Token);
        else await _store.ReplaceAsync(AuditChain.RecordsTable, key, change(row!.Body), row.ETag, Token);
    }

    private async Task<(AuditFindingKind, long)> StoreFindingAsync()
    {
        var finding = (await AuditVerifier.VerifyStoreAsync(_store, Tenant, cancellationToken: Token)).Findings[0];
        return (finding.Kind, finding.Seq);
    }
}
