using Interlock.Core.Identity;
using Interlock.Http.Hosting;
using Interlock.Json;
using Interlock.Tests.Gateway;
using Interlock.Tests.Identity;
using Microsoft.AspNetCore.Http;

namespace Interlock.Tests.Web;

public sealed class BearerTests
{
    private readonly ManualTime _time = new(Tokens.Now);
    private readonly StubDirectory _directory = new();
    private readonly EntraTokens _entra;

    public BearerTests() => _entra = new EntraTokens(_time);

    [Fact]
    public async Task Read_GroupsOverageOfAPerson_AsksTheDirectory()
    {
        _directory.Add(EntraTokens.Tenant, EntraTokens.Ana, "g1", "g2");
        var (_, caller, refusal) = await ReadAsync(Overage(_entra.Delegated(EntraTokens.ApiApp)));

        Assert.Null(refusal);
        Assert.Equal(["g1", "g2"], caller!.Groups);
    }

    [Fact]
    public async Task Read_GroupsOverageOfAnApplication_IsRefused()
    {
        // A rule that denies one of the groups left out would not see it.
        var (token, caller, refusal) = await ReadAsync(Overage(_entra.AppOnly(EntraTokens.ApiApp)));

        Assert.Equal((null, null, (403, "groups-incomplete")), (token, caller, (refusal!.Status, refusal.Rule)));
    }

    private static JsonValue Overage(JsonValue claims) => claims.Without("groups").With("_claim_names", JsonValue.Object(("groups", "src1")));

    private Task<(VerifiedToken? Token, Principal? Caller, Core.Problem? Refusal)> ReadAsync(JsonValue claims)
    {
        var context = new DefaultHttpContext();
        context.Request.Headers.Authorization = "Bearer " + EntraTokens.Sign(claims);
        return new Bearer(_entra.Verifier(EntraTokens.ApiApp, TokenClass.Api), _directory).ReadAsync(context);
    }
}
