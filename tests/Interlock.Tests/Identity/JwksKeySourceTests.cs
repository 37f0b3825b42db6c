using Interlock.Http.Identity;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Tests.Upstreams;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Interlock.Tests.Identity;

public sealed class JwksKeySourceTests : IAsyncLifetime
{
    private readonly ManualTime _time = new(Tokens.Now);
    private readonly HttpMessageHandler _egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
    private StubServer? _server;
    private JwksKeySource? _keys;
    private Func<HttpContext, Task> _answer = Keys("k1");

    private StubServer Server => _server!; // set before any test

    public async ValueTask InitializeAsync()
    {
        _server = await StubServer.StartAsync((context, _) => _answer(context));
        _keys = Source(_server.Address);
    }

    public async ValueTask DisposeAsync()
    {
        _keys?.Dispose();
        _egress.Dispose();
        if (_server is not null) await _server.DisposeAsync();
    }

    [Fact]
    public async Task Find_KnownKey_IsReadOnceAnHour()
    {
        for (var i = 0; i < 5; i++) Assert.True(await HasAsync("k1"));
        _time.Now += TimeSpan.FromMinutes(59);
        Assert.True(await HasAsync("k1"));
        Assert.Single(Server.Requests);

        _time.Now += TimeSpan.FromMinutes(1);
        Assert.True(await HasAsync("k1"));
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task Find_OtherIssuer_IsNullWithoutALook()
    {
        Assert.Null(await _keys!.FindAsync("https://evil.example", "k1", TestContext.Current.CancellationToken));
        Assert.Empty(Server.Requests);
    }

    [Fact]
    public async Task Find_AfterRotation_KnowsTheNewKeyAndForgetsTheOld()
    {
        Assert.True(await HasAsync("k1"));
        _answer = Keys("k2");
        _time.Now += TimeSpan.FromMinutes(1);

        Assert.True(await HasAsync("k2"));
        Assert.False(await HasAsync("k1"));
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task Find_FloodOfUnknownKeys_LooksOnceAMinute()
    {
        Assert.True(await HasAsync("k1"));
        for (var minute = 0; minute < 3; minute++)
        {
            _time.Now += TimeSpan.FromMinutes(1);
            await Task.WhenAll(Enumerable.Range(0, 50).Select(i => HasAsync($"unknown-{minute}-{i}")));
            for (var i = 0; i < 50; i++) Assert.False(await HasAsync($"again-{i}"));
            Assert.Equal(minute + 2, Server.Requests.Count);
        }
        Assert.True(await HasAsync("k1"));
    }

    [Fact]
    public async Task Find_ManyAtOnce_ShareOneLook()
    {
        var release = new TaskCompletionSource();
        _answer = async context =>
        {
            await release.Task;
            await Keys("k1")(context);
        };
        using var impatient = new CancellationTokenSource();
        var gone = _keys!.FindAsync(EntraTokens.Issuer.Issuer, "k1", impatient.Token).AsTask();
        var waiting = Enumerable.Range(0, 20).Select(_ => HasAsync("k1")).ToList();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        release.SetResult();

        Assert.All(await Task.WhenAll(waiting), Assert.True);
        Assert.Single(Server.Requests);
    }

    [Fact]
    public async Task Find_IssuerUnreachable_LastKeysCountForADay()
    {
        Assert.True(await HasAsync("k1"));
        _answer = Status(503);
        _time.Now += TimeSpan.FromHours(23);
        Assert.True(await HasAsync("k1"));
        _time.Now += TimeSpan.FromMinutes(59);
        Assert.True(await HasAsync("k1"));

        _time.Now += TimeSpan.FromMinutes(1);
        Assert.False(await HasAsync("k1"));
        _answer = Keys("k1");
        Assert.False(await HasAsync("k1")); // looked within the minute
        _time.Now += TimeSpan.FromMinutes(1);
        Assert.True(await HasAsync("k1"));
    }

    [Fact]
    public async Task Find_NeverReachable_IsNullAndAskedOnceAMinute()
    {
        _answer = Status(500);
        for (var i = 0; i < 10; i++) Assert.False(await HasAsync("k1"));
        Assert.Single(Server.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"keys":{}}""")]
    [InlineData("""{"keys":[]}""")]
    [InlineData("""{"keys":[1,null,"k1",{}]}""")]
    [InlineData("""{"keys":[],"keys":[]}""")]
    public async Task Find_Garbage_KeepsTheLastKeys(string body)
    {
        Assert.True(await HasAsync("k1"));
        _answer = Body(body);
        _time.Now += TimeSpan.FromHours(2);

        Assert.True(await HasAsync("k1"));
        Assert.False(await HasAsync("k2"));
        Assert.Equal(2, Server.Requests.Count);
    }

    [Fact]
    public async Task Find_Oversize_IsNotRead()
    {
        _answer = Body(EntraTokens.Jwks(EntraTokens.Jwk("k1").With("pad", new string('x', 256 * 1024))));
        Assert.False(await HasAsync("k1"));

        _time.Now += TimeSpan.FromMinutes(1);
        _answer = Body(EntraTokens.Jwks([.. Enumerable.Repeat(EntraTokens.Jwk("k1"), 101)]));
        Assert.False(await HasAsync("k1"));
    }

    [Fact]
    public async Task Find_Redirect_IsNotFollowed()
    {
        _answer = context =>
        {
            if (context.Request.Path == "/mcp") context.Response.Redirect("/elsewhere");
            return context.Request.Path == "/mcp" ? Task.CompletedTask : Keys("k1")(context);
        };

        Assert.False(await HasAsync("k1"));
        Assert.Single(Server.Requests);
    }

    [Fact]
    public async Task Find_KeysOfOtherUsesKindsOrIssuers_DoNotCount()
    {
        var key = EntraTokens.Jwk("k1");
        _answer = Body(EntraTokens.Jwks(
            EntraTokens.Jwk("good"),
            EntraTokens.Jwk("template").With("issuer", "https://login.microsoftonline.com/{tenantid}/v2.0"),
            EntraTokens.Jwk("unnamed").Without("issuer"),
            key.With("kid", "enc").With("use", "enc"),
            key.With("kid", "ops").With("key_ops", JsonValue.Array("encrypt")),
            key.With("kid", "other").With("issuer", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"),
            key.With("kid", "strange").With("issuer", 1),
            key.With("kid", "alg").With("alg", "PS256"),
            JsonValue.Object(("kty", "oct"), ("kid", "oct"), ("k", "AAAA")),
            key.With("kid", "twice"), EntraTokens.Jwk("k2").With("kid", "twice")));

        foreach (var kid in (string[])["good", "template", "unnamed"]) Assert.True(await HasAsync(kid), kid);
        foreach (var kid in (string[])["enc", "ops", "other", "strange", "oct", "twice"]) Assert.False(await HasAsync(kid), kid);
        var stated = await _keys!.FindAsync(EntraTokens.Issuer.Issuer, "alg", TestContext.Current.CancellationToken);
        Assert.True(stated!.Accepts("PS256"));
        Assert.False(stated.Accepts("RS256"));
    }

    [Theory]
    [InlineData("http://login.microsoftonline.com/keys")]
    [InlineData("https://user:secret@login.microsoftonline.com/keys")]
    [InlineData("ftp://login.microsoftonline.com/keys")]
    [InlineData("file:///etc/keys")]
    public void Construct_AddressNotHttps_Throws(string address) => Assert.Throws<ArgumentException>(() => Source(new Uri(address)));

    private static Func<HttpContext, Task> Keys(params string[] kids) => Body(EntraTokens.Jwks([.. kids.Select(EntraTokens.Jwk)]));

    private static Func<HttpContext, Task> Body(string body) => context => context.Response.WriteAsync(body);

    private static Func<HttpContext, Task> Status(int status) => context =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    private JwksKeySource Source(Uri address) => new(_egress, new Dictionary<string, Uri> { [EntraTokens.Issuer.Issuer] = address }, _time, NullLogger<JwksKeySource>.Instance);

    private async Task<bool> HasAsync(string kid) =>
        await _keys!.FindAsync(EntraTokens.Issuer.Issuer, kid, TestContext.Current.CancellationToken) is { } key && key.Kid == kid;
}
