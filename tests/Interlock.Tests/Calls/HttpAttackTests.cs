using Interlock.Core;
using Interlock.Core.Registry;
using Interlock.Json;

namespace Interlock.Tests.Calls;

/// <summary>Documents and data that want a request to go elsewhere, or to be another one. Nothing is sent, and one record says why.</summary>
public sealed class HttpAttackTests : IAsyncDisposable
{
    private readonly CallsFixture _host = new();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data", "endpoint-unregistered")]
    [InlineData("STRAY/v2/x", "endpoint-unregistered")]
    [InlineData("ORIGIN/v3/x", "endpoint-unregistered")]
    [InlineData("ORIGIN/v2x", "endpoint-unregistered")]
    [InlineData("ORIGIN", "endpoint-unregistered")]
    [InlineData("http://localhost:1/v2/x", "endpoint-unregistered")]
    [InlineData("http://user:pw@HOST/v2/x", "endpoint-invalid")]
    [InlineData("http://HOST@STRAYHOST/v2/x", "endpoint-invalid")]
    [InlineData("http://STRAYHOST\\@HOST/v2/x", "endpoint-invalid")]
    [InlineData("http://STRAYHOST#@HOST/v2/x", "endpoint-invalid")]
    [InlineData("//HOST/v2/x", "endpoint-invalid")]
    [InlineData("ftp://HOST/v2/x", "endpoint-invalid")]
    [InlineData("file:///etc/passwd", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/../admin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/./x", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/%2e%2e/admin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/..%2fadmin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/%252e%252e/admin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/..%252fadmin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/..;/admin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/a%5cb", "endpoint-invalid")]
    [InlineData("ORIGIN/v2//admin", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/a%0d%0aHost:%20evil", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/a\r\nHost: evil", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/%zz", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/ü", "endpoint-invalid")]
    [InlineData("ORIGIN/v2/x?a=%ff", "endpoint-invalid")]
    [InlineData("", "endpoint-invalid")]
    public async Task Endpoint_ThatIsNotRegistered_IsNotCalled(string endpoint, string rule)
    {
        await _host.InitializeAsync();
        var host = new Uri(_host.Origin).Authority;
        var stray = new Uri(_host.StrayOrigin).Authority;
        var text = endpoint.Replace("STRAYHOST", stray, StringComparison.Ordinal).Replace("ORIGIN", _host.Origin, StringComparison.Ordinal).Replace("STRAY", _host.StrayOrigin, StringComparison.Ordinal).Replace("HOST", host, StringComparison.Ordinal);
        var state = await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: '${ .url }' } }", JsonValue.Object(("url", text)).ToString());
        await _host.AssertRefusedAsync(state, rule);
    }

    [Theory]
    [InlineData("../admin")]
    [InlineData("a/../../admin")]
    [InlineData("..")]
    [InlineData("%2e%2e")]
    [InlineData("..;x")]
    [InlineData("a\\..\\b")]
    [InlineData("a\r\nHost: evil")]
    public async Task Template_OfAHostileValue_StaysWhereItIs(string value)
    {
        await _host.InitializeAsync();
        var state = await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: 'ORIGIN/v2/{id}/x' } }", JsonValue.Object(("id", value)).ToString());
        await _host.AssertRefusedAsync(state, "endpoint-invalid");
    }

    [Fact]
    public async Task Template_OfNothing_SkipsNoSegment()
    {
        await _host.InitializeAsync();
        await _host.AssertRefusedAsync(await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: 'ORIGIN/v2/{id}/x' } }", "{}"), "endpoint-invalid");
    }

    [Fact]
    public async Task Template_OfAnObject_IsAnExpressionError()
    {
        await _host.InitializeAsync();
        var state = await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: 'ORIGIN/v2/{id}/x' } }", """{"id":{}}""");
        Assert.Equal((ProblemTypes.Expression, 400), (state.Error?.Type, state.Error?.Status));
        Assert.Empty(_host.Requests);
    }

    [Theory]
    [InlineData("Host", "evil")]
    [InlineData("AUTHORIZATION", "Bearer mine")]
    [InlineData("Cookie", "a=b")]
    [InlineData("Transfer-Encoding", "chunked")]
    [InlineData("Content-Length", "5")]
    [InlineData("X-HTTP-Method-Override", "DELETE")]
    [InlineData("X-Original-URL", "/admin")]
    [InlineData("Idempotency-Key", "mine")]
    [InlineData("X-A", "a\r\nHost: evil")]
    [InlineData("X-A", "a\nb")]
    [InlineData("X-A", "ü")]
    [InlineData("X A", "b")]
    [InlineData("X-A:b\r\nX-C", "b")]
    public async Task Header_ThatIsNotADocuments_IsNotSent(string name, string value)
    {
        await _host.InitializeAsync();
        var state = await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: ORIGIN/v2/x, headers: '${ .h }' } }", JsonValue.Object(("h", JsonValue.Object((name, value)))).ToString());
        await _host.AssertRefusedAsync(state, "arguments", "validate");
    }

    [Fact]
    public async Task Headers_ThatDifferByCaseOnly_AreNotSent()
    {
        await _host.InitializeAsync();
        var state = await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: ORIGIN/v2/x, headers: '${ .h }' } }", """{"h":{"X-A":"1","x-a":"2"}}""");
        await _host.AssertRefusedAsync(state, "arguments", "validate");
    }

    [Theory]
    [InlineData("""{"path":"/admin"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/../admin"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/%2e%2e/admin"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/%2F"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/%252e%252e/x"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/..;a/x"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2//x"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/x?a=b"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/x#a"}""", "arguments", "validate")]
    [InlineData("""{"path":"@evil/v2"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/x","headers":{"host":"evil"}}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/x","headers":{"X-A":"b"}}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/x","method":"DELETE"}""", "arguments", "validate")]
    [InlineData("""{"path":"/v2/x","origin":"http://evil.example"}""", "endpoint-unregistered", "resolve")]
    [InlineData("""{"path":"/v2/x","credential":"other"}""", "credential-mismatch", "resolve")]
    public async Task Tool_CalledByItsName_IsHeldToTheSame(string arguments, string rule, string stage)
    {
        await _host.InitializeAsync();
        var state = await _host.RunAsync("  - a: { call: tool, with: { tool: pets/GET, arguments: '${ . }' } }", arguments);
        await _host.AssertRefusedAsync(state, rule, stage);
    }

    [Fact]
    public async Task Endpoint_Disabled_IsUnregistered()
    {
        await _host.InitializeAsync();
        Assert.IsType<RegistryResult.Changed>(await _host.Services.Registry.SetLifecycleAsync(_host.Dana, RegistryKind.Server, "pets", "1.0.0", Lifecycle.Disabled, null, null, CallsFixture.Token));
        await _host.AssertRefusedAsync(await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: ORIGIN/v2/x } }"), "endpoint-unregistered");
    }

    [Fact]
    public async Task Endpoint_OfAnotherTenant_IsUnregistered()
    {
        await _host.InitializeAsync();
        var rival = new TenantId("rival");
        var body = new ServerBody(new Uri(_host.StrayOrigin + "/v2"), "rival-1") { Settings = new ServerSettings { Protocol = ServerProtocol.Http } };
        await _host.Services.Registries.WriteAsync(rival, [RegistryEntry.Create(RegistryKind.Server, "theirs", "1.0.0", Lifecycle.Active, body, "user:rita", DateTimeOffset.UnixEpoch)], CallsFixture.Token);
        Assert.Single((await _host.Services.Registries.ReadAsync(rival, CallsFixture.Token)).All);
        await _host.AssertRefusedAsync(await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: STRAY/v2/x } }"), "endpoint-unregistered");
    }

    [Fact]
    public async Task Call_PolicyGuardsTheMethod_NeedsAGrant()
    {
        await _host.InitializeAsync();
        await _host.AssertRefusedAsync(await _host.RunAsync("  - a: { call: http, with: { method: delete, endpoint: ORIGIN/v2/x } }"), "grant-required", "authorize");
    }

    [Theory]
    [InlineData("/v2/admin/x")]
    [InlineData("/v2/admin")]
    [InlineData("/v2/ADMIN/x")]
    [InlineData("/v2/admin;a=b/x")]
    [InlineData("/v2/admin%3Ba/x")]
    public async Task Tool_OfAnEndpointAbove_DoesNotReachTheOneBelow(string path)
    {
        await _host.InitializeAsync();
        await _host.RegisterAsync("vault", _host.Origin + "/v2/admin");
        var state = await _host.RunAsync("  - a: { call: tool, with: { tool: pets/GET, arguments: '${ . }' } }", JsonValue.Object(("path", path)).ToString());
        await _host.AssertRefusedAsync(state, "endpoint-elsewhere");
    }

    [Fact]
    public async Task Endpoint_DisabledBelowAnother_IsNotReachedFromAbove()
    {
        await _host.InitializeAsync();
        await _host.RegisterAsync("vault", _host.Origin + "/v2/admin");
        Assert.IsType<RegistryResult.Changed>(await _host.Services.Registry.SetLifecycleAsync(_host.Dana, RegistryKind.Server, "vault", "1.0.0", Lifecycle.Disabled, null, null, CallsFixture.Token));
        await _host.AssertRefusedAsync(await _host.RunAsync("  - a: { call: http, with: { method: get, endpoint: ORIGIN/v2/admin/x } }"), "endpoint-elsewhere");
    }

    [Fact]
    public async Task Tool_BesideTheEndpointBelow_IsCalled()
    {
        await _host.InitializeAsync();
        await _host.RegisterAsync("vault", _host.Origin + "/v2/admin");
        var state = await _host.RunAsync("  - a: { call: tool, with: { tool: pets/GET, arguments: { path: /v2/administration } } }");
        Assert.Equal(Core.Runs.RunStatus.Completed, state.Status);
        Assert.Equal("GET /v2/administration", Assert.Single(_host.Lines));
    }
}
