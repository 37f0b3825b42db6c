using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Interlock.Functions.Identity;
using Interlock.Http.Upstreams;
using Interlock.Json;
using Interlock.Tests.Azure;
using Interlock.Tests.Upstreams;

namespace Interlock.Tests.Audit;

public sealed class KeyVaultSignerTests
{
    private static readonly byte[] Data = Encoding.UTF8.GetBytes("checkpoint");

    private static CancellationToken Token => AuditSamples.Token;

    [Fact]
    public async Task Sign_Data_AsksForItsDigestAndTakesTheKeyThatAnswered()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await using var vault = await StubServer.StartAsync((context, request) =>
        {
            var digest = Base64Url.DecodeFromChars(StrictJson.Parse(request.Body)["value"]!.AsString()); // it asks with one
            var value = Base64Url.EncodeToString(key.SignHash(digest, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
            return McpStub.JsonAsync(context, $$"""{"kid":"https://v/keys/checkpoints/2","value":"{{value}}"}""");
        });
        using var egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
        using var signer = new KeyVaultSigner(egress, new Uri(vault.Address, "/keys/checkpoints"), new GraphStub.Credential());

        var signature = await signer.SignAsync(Data, Token);

        Assert.Equal("https://v/keys/checkpoints/2", signature.Kid);
        Assert.True(key.VerifyData(Data, signature.Value.Span, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        var asked = Assert.Single(vault.Requests);
        Assert.Equal(("/keys/checkpoints/sign", "Bearer " + GraphStub.Token, "ES256"), (asked.Path, asked.Headers["Authorization"], StrictJson.Parse(asked.Body)["alg"]?.AsString()));
    }

    [Theory]
    [InlineData(403, "{}")]
    [InlineData(200, "{}")]
    [InlineData(200, """{"kid":"k","value":"AAAA"}""")]
    [InlineData(200, "no JSON")]
    public async Task Sign_NoSignatureComes_IsAFailure(int status, string body)
    {
        await using var vault = await StubServer.StartAsync((context, _) =>
        {
            context.Response.StatusCode = status;
            return McpStub.JsonAsync(context, body);
        });
        using var egress = EgressHandler.Create(new EgressOptions { AllowLoopback = true });
        using var signer = new KeyVaultSigner(egress, new Uri(vault.Address, "/keys/checkpoints"), new GraphStub.Credential());

        await Assert.ThrowsAsync<IOException>(() => signer.SignAsync(Data, Token));
    }
}
