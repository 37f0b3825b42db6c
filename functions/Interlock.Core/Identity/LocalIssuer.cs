using System.Buffers.Text;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Interlock.Json;

namespace Interlock.Core.Identity;

/// <summary>
/// An installation's own issuer, ES256. The embedded host's is <c>urn:interlock:local:{installation}</c>, whose private key (PEM, PKCS#8) it keeps in its
/// data directory. Where people's tokens come from elsewhere it is <c>urn:interlock:runs:{tenant}</c> and issues run tokens alone, under a key derived from the
/// installation's secret. Also the source of its own public key, and of no other issuer's.
/// </summary>
public sealed class LocalIssuer : ISigningKeySource, IDisposable
{
    public const string McpAudience = "urn:interlock:mcp";
    public const string ApiAudience = "urn:interlock:api";

    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(366);

    private readonly ECDsa _key;
    private readonly Lock _signing = new();
    private readonly SigningKey _publicKey;
    private readonly TimeProvider _time;
    private readonly string _mcpAudience;
    private readonly TenantId? _tenant;
    private readonly string _header;
    private readonly Regex _tokens;

    private LocalIssuer(ECDsa key, string issuer, TimeProvider time, string mcpAudience = McpAudience, TenantId? tenant = null)
    {
        var parameters = key.ExportParameters(includePrivateParameters: false);
        _publicKey = SigningKey.FromEc(SigningKey.Thumbprint(parameters), parameters, "ES256") is { } publicKey && publicKey.Accepts("ES256")
            ? publicKey
            : throw new ArgumentException("The local issuer's key must be on P-256.", nameof(key));
        (_key, _time, Issuer, _mcpAudience, _tenant) = (key, time, issuer, mcpAudience, tenant);
        _header = Encode(JsonValue.Object(("alg", "ES256"), ("typ", "at+jwt"), ("kid", _publicKey.Kid)));
        _tokens = new Regex(Regex.Escape(_header) + @"\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
    }

    /// <summary>The <c>iss</c> of its tokens.</summary>
    public string Issuer { get; }

    /// <summary>How a verifier of the same installation trusts it.</summary>
    public TrustedIssuer Trust => new(Issuer, _tenant, MintsRunTokens: true) { OnlyRunTokens = _tenant is not null };

    /// <summary>What accepts this installation's tokens at one face, run tokens at <c>/mcp</c> too.</summary>
    /// <param name="face"><see cref="TokenClass.Mcp"/> or <see cref="TokenClass.Api"/>.</param>
    /// <param name="incarnation">Tokens issued before it are void.</param>
    public JwtVerifier Verifier(TokenClass face, Incarnation incarnation) => new(
        new JwtVerifierOptions
        {
            Issuers = [Trust],
            Audience = face == TokenClass.Api ? ApiAudience : McpAudience,
            Class = face,
            AcceptRunTokens = face == TokenClass.Mcp,
            Incarnation = incarnation,
        },
        this,
        _time);

    /// <summary>An issuer with a new key.</summary>
    public static LocalIssuer Create(string installationId, TimeProvider time) =>
        new(ECDsa.Create(ECCurve.NamedCurves.nistP256), Local(installationId), time);

    /// <summary>The issuer of run tokens for <c>/mcp</c> of that audience: every process with the same secret has the same key.</summary>
    /// <param name="secret">The installation's secret, of 32 bytes or more.</param>
    /// <param name="tenant">Whose runs they are.</param>
    /// <param name="mcpAudience">The audience of <c>/mcp</c> here.</param>
    /// <param name="time">The clock.</param>
    public static LocalIssuer ForRuns(byte[] secret, TenantId tenant, string mcpAudience, TimeProvider time)
    {
        // A scalar of 256 bits is none of P-256's in one case of 2^32; the next one derived is taken then.
        for (var i = 0; ; i++)
        {
            var scalar = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: Encoding.UTF8.GetBytes($"interlock run tokens\0{tenant.Value}\0{i}"));
            try
            {
                return new(ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = scalar }), "urn:interlock:runs:" + tenant.Value, time, mcpAudience, tenant);
            }
            catch (CryptographicException) when (i < 8)
            {
                // See above.
            }
            finally
            {
                CryptographicOperations.ZeroMemory(scalar);
            }
        }
    }

    /// <exception cref="ArgumentException">The text is no PEM of a P-256 private key.</exception>
    public static LocalIssuer FromPem(string pem, string installationId, TimeProvider time)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(pem);
            return new(key, Local(installationId), time);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    /// <summary>The private key, for the host to keep.</summary>
    public string ExportPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <exception cref="ArgumentException">The request contradicts itself: a run token without its claims or for another tenant, or no or too long a life.</exception>
    public string Issue(LocalTokenRequest request)
    {
        var now = _time.GetUtcNow();
        Check(request, now);
        var input = _header + "." + Encode(Claims(request, now));
        byte[] signature;
        lock (_signing) signature = _key.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return input + "." + Base64Url.EncodeToString(signature);
    }

    /// <summary>The text without this issuer's tokens, which all begin alike.</summary>
    public string Hide(string text) => text.Contains(_header, StringComparison.Ordinal) ? _tokens.Replace(text, "[token]") : text;

    public ValueTask<SigningKey?> FindAsync(string issuer, string kid, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(issuer == Issuer && kid == _publicKey.Kid ? _publicKey : null);

    public void Dispose() => _key.Dispose();

    private void Check(LocalTokenRequest request, DateTimeOffset now)
    {
        if (request.Lifetime <= TimeSpan.Zero || request.Lifetime > MaxLifetime) throw new ArgumentException("A token lives more than 0 and at most 366 days.", nameof(request));
        if (_tenant is { } one && (request.Class != TokenClass.Run || request.Principal.Tenant != one)) throw new ArgumentException("Here only run tokens of one tenant are issued.", nameof(request));
        if (request.Class == TokenClass.SignIn) throw new ArgumentException("Only an outside issuer's ID tokens sign people in.", nameof(request));
        if (request.NotAfter <= now) throw new ArgumentException("The token would have expired already.", nameof(request));
        if ((request.Class == TokenClass.Run) != (request.Run is not null)) throw new ArgumentException("Run tokens, and only they, name a run.", nameof(request));
        if (request.Run is { } run && run.Tenant != request.Principal.Tenant) throw new ArgumentException("The run is another tenant's.", nameof(request));
        if (request.Scope is not null && request.Class == TokenClass.Api) throw new ArgumentException("Only tokens for /mcp are narrowed to tools.", nameof(request));
        if (request.Principal.Kind == PrincipalKind.Agent && request.Class != TokenClass.Run) throw new ArgumentException("Agents get run tokens only.", nameof(request));
    }

    private JsonValue Claims(LocalTokenRequest request, DateTimeOffset now)
    {
        var expires = now + request.Lifetime;
        if (request.NotAfter < expires) expires = request.NotAfter.Value;
        var principal = request.Principal;
        var claims = JsonValue.Object(
            ("iss", Issuer),
            ("aud", request.Class == TokenClass.Api ? ApiAudience : _mcpAudience),
            ("token_use", request.Class switch { TokenClass.Mcp => "mcp", TokenClass.Api => "api", _ => "run" }),
            ("sub", principal.Subject),
            ("tid", principal.Tenant.Value),
            ("oid", principal.Id),
            ("idtyp", principal.Kind switch { PrincipalKind.User => "user", PrincipalKind.Application => "app", _ => "agent" }),
            ("name", principal.DisplayName),
            ("groups", Strings(principal.Groups)),
            ("roles", Strings(principal.Roles)),
            ("iat", now.ToUnixTimeSeconds()),
            ("nbf", now.ToUnixTimeSeconds()),
            ("exp", expires.ToUnixTimeSeconds()),
            ("jti", Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))));
        if (request.Scope is { } scope) claims = scope.AddTo(claims);
        return request.Run is { } run ? run.AddTo(claims) : claims;
    }

    private static string Local(string installationId) => "urn:interlock:local:" + installationId;

    private static JsonValue Strings(ImmutableArray<string> values) =>
        values.IsDefault ? JsonValue.EmptyArray : JsonValue.Array(values.Select(JsonValue.From));

    private static string Encode(JsonValue value) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(value.ToString()));
}
