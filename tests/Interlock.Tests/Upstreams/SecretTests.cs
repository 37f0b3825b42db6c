using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Functions.Identity;
using Interlock.Http.Upstreams;
using Interlock.Local.Commands;
using Interlock.Tests.Azure;
using Interlock.Tests.Storage;

namespace Interlock.Tests.Upstreams;

public sealed class SecretTests
{
    private static readonly TenantId Local = new(LocalUsers.Tenant);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("value\n", "value")]
    [InlineData("value\r\n", "value")]
    [InlineData("two\nlines\n\n", "two\nlines\n")]
    [InlineData(" spaces ", " spaces ")]
    public async Task Set_FromInput_IsWhatIsResolvedUntilItIsSetAgain(string input, string secret)
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory.Path);
        Assert.Equal(0, await SecretCommand.SetAsync("other", directory.Path, new StringReader("first"), Token));
        Assert.Equal(0, await SecretCommand.SetAsync("crm-key", directory.Path, new StringReader("old"), Token));
        Assert.Equal(0, await SecretCommand.SetAsync("crm-key", directory.Path, new StringReader(input), Token));

        var secrets = new LocalSecrets(directory.Path);
        Assert.Equal((secret, "first", null), (await secrets.ResolveAsync(Local, "crm-key", Token), await secrets.ResolveAsync(Local, "other", Token), await secrets.ResolveAsync(Local, "none", Token)));
        Assert.Null(await secrets.ResolveAsync(new TenantId("another"), "crm-key", Token));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(directory.Path, "secrets.json")));
    }

    [Theory]
    [InlineData("", "x")]
    [InlineData("UPPER", "x")]
    [InlineData("../keys", "x")]
    [InlineData("key", "")]
    public void Set_UnfitNameOrSecret_IsRefused(string name, string secret)
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory.Path);
        Assert.Throws<InvalidDataException>(() => new LocalSecrets(directory.Path).Set(name, secret));
        Assert.False(File.Exists(Path.Combine(directory.Path, "secrets.json")));
    }

    [Fact]
    public async Task Resolve_FileThatOthersCouldRead_IsTakenFromThem()
    {
        if (OperatingSystem.IsWindows()) return;
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory.Path);
        var path = Path.Combine(directory.Path, "secrets.json");
        await File.WriteAllTextAsync(path, """{"key":"value"}""", Token);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);

        Assert.Equal("value", await new LocalSecrets(directory.Path).ResolveAsync(Local, "key", Token));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Fact]
    public async Task Resolve_FromKeyVault_ReadsOnlyWhatIsMeantForServers()
    {
        await using var vault = await StubServer.StartAsync((context, request) =>
        {
            if (request.Headers["Authorization"] != "Bearer " + GraphStub.Token) context.Response.StatusCode = 401;
            else if (request.Path == "/secrets/upstream-away") context.Response.StatusCode = 503;
            else if (request.Path == "/secrets/upstream-key") return McpStub.JsonAsync(context, """{"value":"secret","id":"x"}""");
            else context.Response.StatusCode = 404;
            return Task.CompletedTask;
        });
        using var egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
        using var secrets = new KeyVaultSecrets(egress, new Uri(vault.Address, "/"), Local, new GraphStub.Credential());

        Assert.Equal("secret", await secrets.ResolveAsync(Local, "key", Token));
        Assert.Null(await secrets.ResolveAsync(Local, "none", Token));
        foreach (var name in (string[])["../mac-key", "key/versions", "KEY", "key?x=1", ""]) Assert.Null(await secrets.ResolveAsync(Local, name, Token));
        Assert.Null(await secrets.ResolveAsync(new TenantId("another"), "key", Token));
        await Assert.ThrowsAsync<IOException>(() => secrets.ResolveAsync(Local, "away", Token));
        Assert.Equal(["/secrets/upstream-key", "/secrets/upstream-none", "/secrets/upstream-away"], vault.Requests.Select(request => request.Path));
    }

    [Fact]
    public async Task Resolve_FromAKeyVaultThatEgressDenies_IsAFailureAndNothingIsAsked()
    {
        await using var vault = await StubServer.StartAsync((_, _) => Task.CompletedTask);
        using var egress = EgressHandler.Create(new EgressOptions());
        using var secrets = new KeyVaultSecrets(egress, new Uri(vault.Address, "/"), Local, new GraphStub.Credential());

        await Assert.ThrowsAsync<IOException>(() => secrets.ResolveAsync(Local, "key", Token));
        Assert.Empty(vault.Requests);
    }
}
