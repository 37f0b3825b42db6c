using System.Text;
using Interlock.Core.Audit;
using Interlock.Json;

namespace Interlock.Tests.Audit;

/// <summary>What every <see cref="IArchive"/> promises. An archive passes by subclassing this.</summary>
public abstract class ArchiveContract
{
    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract IArchive Archive { get; }

    /// <summary>What is stored under a name, or null.</summary>
    protected abstract Task<byte[]?> ReadAsync(string name);

    [Theory]
    [InlineData("acme/run/2026-03-03/0123.jsonl", 1)]
    [InlineData("acme/principal/2026-03-03/user~3aana~40contoso.jsonl", 0)]
    [InlineData("acme/heads/0000000001.json", 9_000_000)]
    public async Task Add_New_IsStoredWhole(string name, int size)
    {
        var content = Enumerable.Range(0, size).Select(i => (byte)(i * 7)).ToArray();
        Assert.Null(await AddAsync(name, content));
        Assert.Equal(content, await ReadAsync(name));
    }

    [Fact]
    public async Task Add_ReadBefore_IsStoredFromItsBeginning()
    {
        using var content = new MemoryStream(Bytes("content"));
        content.Position = 4;
        Assert.Null(await Archive.AddAsync("acme/a", content, Token));
        Assert.Equal(Bytes("content"), await ReadAsync("acme/a"));
    }

    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    [InlineData("")]
    public async Task Add_Second_IsRefusedWithTheFirstsDigest(string second)
    {
        Assert.Null(await AddAsync("acme/a", Bytes("first")));
        Assert.Equal(CanonicalJson.Digest(Bytes("first")), await AddAsync("acme/a", Bytes(second)));
        Assert.Equal(Bytes("first"), await ReadAsync("acme/a"));
    }

    [Fact]
    public async Task Add_AtOnce_OneIsAddedAndTheOthersAreToldItsDigest()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() => AddAsync("acme/a", Bytes($"content {i}")), Token)));
        var stored = await ReadAsync("acme/a");
        Assert.NotNull(stored);
        Assert.Single(answers, answer => answer is null);
        Assert.Equal(CanonicalJson.Digest(stored), Assert.Single(answers.OfType<string>().Distinct()));
    }

    [Fact]
    public async Task Add_CancelledToken_AddsNothing()
    {
        using var content = new MemoryStream(Bytes("content"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Archive.AddAsync("acme/a", content, new CancellationToken(canceled: true)));
        Assert.Null(await ReadAsync("acme/a"));
    }

    protected async Task<string?> AddAsync(string name, byte[] bytes)
    {
        using var content = new MemoryStream(bytes);
        return await Archive.AddAsync(name, content, Token);
    }

    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}

public sealed class MemoryArchiveTests : ArchiveContract
{
    private readonly MemoryArchive _archive = new();

    private protected override IArchive Archive => _archive;

    protected override Task<byte[]?> ReadAsync(string name) => Task.FromResult(_archive.Objects.GetValueOrDefault(name));
}
