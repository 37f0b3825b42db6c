using System.Text;
using Interlock.Core.Audit;
using Interlock.Core.Audit.Checkpoints;
using Interlock.Core.Identity;
using Interlock.Core.Storage;
using Interlock.Json;
using Interlock.Tests.Gateway;

namespace Interlock.Tests.Audit;

/// <summary>What a store, and an export, can't show by themselves: their own past, held against checkpoints kept elsewhere.</summary>
public sealed class AuditAnchorTests : IDisposable
{
    private const string First = "contoso/heads/0000000001.json";
    private const string Second = "contoso/heads/0000000002.json";

    private readonly MemoryTableStore _store = new();
    private readonly MemoryArchive _archive = new();
    private readonly CheckpointKey _key = CheckpointKey.Create();
    private readonly ManualClock _time = new(AuditSamples.Time);

    private static CancellationToken Token => AuditSamples.Token;

    public void Dispose() => _key.Dispose();

    [Fact]
    public async Task Verify_NothingChanged_IsIntactWhateverCameAfterIt()
    {
        await AnchoredTwiceAsync();
        await new AuditLog(_store).FillAsync(AuditSamples.Run("later"), 3);

        var verified = await VerifyAsync(_store);
        Assert.True(verified.IsIntact, string.Join('\n', verified.Findings));
        Assert.Equal((2, true), (verified.Anchor!.Number, verified.Anchor.IsSigned));
        Assert.True((await VerifyExportAsync(_store)).IsIntact);
    }

    [Theory]
    [InlineData("r1", 5)]
    [InlineData("r2", 1)]
    public async Task Verify_TailCutOff_IsBelowTheAnchor(string run, int from)
    {
        await AnchoredTwiceAsync();
        await CutAsync(AuditSamples.Run(run), from);

        foreach (var verified in new[] { await VerifyAsync(_store), await VerifyExportAsync(_store) })
            Assert.Contains(verified.Findings, finding => finding.Kind == AuditFindingKind.HeadBelowAnchor && finding.Chain == $"run:{run}" && finding.Seq == from && finding.Detail.Contains("head-below-anchor", StringComparison.Ordinal));
        if (from > 1) Assert.True((await AuditVerifier.VerifyStoreAsync(_store, AuditSamples.Tenant, cancellationToken: Token)).IsIntact); // by itself it shows nothing
    }

    [Fact]
    public async Task Verify_OlderCopy_IsBelowTheAnchor()
    {
        var old = new MemoryTableStore();
        await new AuditLog(old).FillAsync(AuditSamples.Run(), 4);
        await AnchoredTwiceAsync();

        var verified = await VerifyAsync(old);
        Assert.Equal([("run:r1", 5L), ("run:r2", 1L)], verified.Findings.Where(finding => finding.Kind == AuditFindingKind.HeadBelowAnchor).Select(finding => (finding.Chain, finding.Seq)).Order());
    }

    [Fact]
    public async Task Verify_ChainForgedAsAWhole_IsNotTheAnchoredOne()
    {
        await AnchoredTwiceAsync();
        var forged = new MemoryTableStore();
        var log = new AuditLog(forged);
        var chain = AuditSamples.Run();
        for (var i = 1; i <= 9; i++) await log.AppendAsync(chain, [AuditSamples.Record(chain, $"{chain.Id}-{i}", i == 2 ? "another" : $"outcome {i}")], [], Token);
        await log.FillAsync(AuditSamples.Run("r2"), 2);

        Assert.True((await AuditVerifier.VerifyStoreAsync(forged, AuditSamples.Tenant, cancellationToken: Token)).IsIntact);
        Assert.Equal([(AuditFindingKind.Edited, "run:r1", 4L), (AuditFindingKind.Edited, "run:r1", 7L)], (await VerifyAsync(forged)).Findings.Select(finding => (finding.Kind, finding.Chain, finding.Seq)));
    }

    [Fact]
    public async Task Verify_RewrittenAndAnchoredAnew_IsNotWhatWasAnchoredBefore()
    {
        await AnchoredTwiceAsync();
        var forged = new MemoryTableStore();
        var (log, chain) = (new AuditLog(forged), AuditSamples.Run());
        for (var i = 1; i <= 12; i++) await log.AppendAsync(chain, [AuditSamples.Record(chain, $"{chain.Id}-{i}", i == 2 ? "another" : $"outcome {i}")], [], Token);
        await log.FillAsync(AuditSamples.Run("r2"), 2);
        Assert.NotNull((await new AuditArchive(forged, _store, _archive, (_, _, _) => Task.FromResult(false), _time, _key).RunAsync(AuditSamples.Tenant, Token)).Heads);

        var verified = await VerifyAsync(forged, _archive.Objects[First], _archive.Objects[Second], _archive.Objects["contoso/heads/0000000003.json"]);

        Assert.Equal([4L, 7L], verified.Findings.Where(finding => finding.Kind == AuditFindingKind.Edited).Select(finding => finding.Seq).Order());
    }

    [Fact]
    public async Task Verify_TwoPassesAtOnce_TheLaterCheckpointMayHoldAnEarlierHead()
    {
        await AnchoredTwiceAsync();
        var second = StrictJson.Parse(_archive.Objects[Second]);
        var stale = new Checkpoint(AuditSamples.Tenant, 3, second["at"]!.AsString(), CanonicalJson.Digest(_archive.Objects[Second]), StrictJson.Parse(_archive.Objects[First])["chains"]!); // a checkpoint has both

        var verified = await VerifyAsync(_store, _archive.Objects[First], _archive.Objects[Second], await stale.WriteAsync(_key, Token));

        Assert.True(verified.IsIntact, string.Join('\n', verified.Findings));
    }

    [Theory]
    [InlineData("edited", "Checkpoint 2 is not as it was written: its root is not that of its chains.")]
    [InlineData("older copy in its place", "Checkpoint 1 stands in the place of checkpoint 2.")]
    [InlineData("last one gone", "The checkpoints end at 1; number 2 is known to exist.")]
    [InlineData("first one gone", "Checkpoint 2 stands in the place of checkpoint 1.")]
    [InlineData("signed by another", "Checkpoint 2 is not as it was written: none of the keys given has signed it.")]
    [InlineData("unsigned", "Checkpoint 2 is not as it was written: none of the keys given has signed it.")]
    [InlineData("time changed", "Checkpoint 2 is not as it was written: none of the keys given has signed it.")]
    [InlineData("made after another", "Checkpoint 2 was not made after the one that stands before it.")]
    [InlineData("no JSON", "Checkpoint 2 can't be read: ")]
    public async Task Verify_CheckpointNotAsItWasMade_IsAFinding(string attack, string detail)
    {
        await AnchoredTwiceAsync();
        using var other = CheckpointKey.Create();
        var (first, second) = (_archive.Objects[First], _archive.Objects[Second]);
        byte[][] shown = attack switch
        {
            "edited" => [first, Replace(second, "\"seq\":7", "\"seq\":6")],
            "older copy in its place" => [first, first],
            "last one gone" => [first],
            "first one gone" => [second],
            "signed by another" => [first, await WriteAsync(second, other)],
            "unsigned" => [first, await WriteAsync(second, null)],
            "time changed" => [first, Replace(second, "\"at\":\"2026", "\"at\":\"2027")],
            "made after another" => [first, await WriteAsync(second, _key, previous: "sha256:00")],
            _ => [first, Encoding.UTF8.GetBytes("{")],
        };

        Assert.StartsWith(detail, (await VerifyAsync(_store, shown)).Findings.First(finding => finding.Kind == AuditFindingKind.Anchor).Detail, StringComparison.Ordinal);
    }

    private async Task AnchoredTwiceAsync()
    {
        var log = new AuditLog(_store);
        await log.FillAsync(AuditSamples.Run(), 4);
        await PassAsync();
        var chain = AuditSamples.Run();
        for (var i = 5; i <= 7; i++) await log.AppendAsync(chain, [AuditSamples.Record(chain, $"{chain.Id}-{i}", $"outcome {i}")], [], Token);
        await log.FillAsync(AuditSamples.Run("r2"), 2);
        await PassAsync();
    }

    private async Task PassAsync() =>
        Assert.NotNull((await new AuditArchive(_store, _store, _archive, (_, _, _) => Task.FromResult(false), _time, _key).RunAsync(AuditSamples.Tenant, Token)).Heads);

    private async Task<AuditVerification> VerifyAsync(MemoryTableStore store, params byte[][] shown) =>
        await AuditVerifier.VerifyStoreAsync(store, AuditSamples.Tenant, await AnchorAsync(shown), Token);

    private async Task<AuditVerification> VerifyExportAsync(MemoryTableStore store)
    {
        using var export = new MemoryStream();
        await new AuditLog(store).ExportAsync(AuditSamples.Tenant, export, Token);
        export.Position = 0;
        return await AuditVerifier.VerifyExportAsync(export, await AnchorAsync([]), Token);
    }

    private Task<AuditAnchor> AnchorAsync(byte[][] shown)
    {
        var objects = shown.Length > 0 ? shown : [_archive.Objects[First], _archive.Objects[Second]];
        return AuditAnchor.ReadAsync(objects.Select(bytes => (ReadOnlyMemory<byte>)bytes).ToAsyncEnumerable(), [SigningKey.FromJwk(_key.Jwk)!], atLeast: 2, Token); // it is one
    }

    private async Task CutAsync(AuditChain chain, int from)
    {
        await foreach (var row in _store.QueryAsync(AuditChain.RecordsTable, chain.Partition, cancellationToken: Token))
            if (row.Body["seq"] is { } seq && seq.AsNumber() >= from) await _store.DeleteAsync(AuditChain.RecordsTable, row.Key, row.ETag, Token);
    }

    /// <summary>The same checkpoint, made anew by somebody else.</summary>
    private static async Task<byte[]> WriteAsync(byte[] checkpoint, ICheckpointSigner? signer, string? previous = null)
    {
        var json = StrictJson.Parse(checkpoint);
        return await new Checkpoint(AuditSamples.Tenant, (long)json["number"]!.AsNumber(), json["at"]!.AsString(), previous ?? json["previous"]!.AsString(), json["chains"]!).WriteAsync(signer, Token); // a checkpoint has all of them
    }

    private static byte[] Replace(byte[] bytes, string from, string to) => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes).Replace(from, to, StringComparison.Ordinal));
}
