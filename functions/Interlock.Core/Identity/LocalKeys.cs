using System.Security.Cryptography;

namespace Interlock.Core.Identity;

/// <summary>
/// The installation's secrets, beside the database and never in it: the issuer's private key, the one that signs checkpoints, the MAC key for gates and
/// sessions, the installation's id, and when the directory was last restored from a copy. Made at the first start, readable by their owner only.
/// </summary>
public sealed class LocalKeys : IDisposable
{
    private const int MacKeyBytes = 32;

    private const string RestoredFile = "restored";

    private LocalKeys(LocalIssuer issuer, Mac mac, string checkpointPem, Incarnation incarnation) => (Issuer, Mac, CheckpointPem, Incarnation) = (issuer, mac, checkpointPem, incarnation);

    public LocalIssuer Issuer { get; }

    public Mac Mac { get; }

    /// <summary>The private key on P-256 that signs the checkpoints of the audit.</summary>
    public string CheckpointPem { get; }

    public Incarnation Incarnation { get; }

    /// <exception cref="InvalidDataException">A key file is damaged; the message names it.</exception>
    public static LocalKeys Open(string dataDirectory, TimeProvider time)
    {
        var folder = Path.Combine(dataDirectory, "keys");
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var installation = Keep(folder, "installation", () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
        var pem = Keep(folder, "issuer.pem", () =>
        {
            using var made = LocalIssuer.Create(installation, time);
            return made.ExportPem();
        });
        var mac = Keep(folder, "mac.key", () => Convert.ToBase64String(RandomNumberGenerator.GetBytes(MacKeyBytes)));
        var checkpoints = Keep(folder, "checkpoints.pem", () =>
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return made.ExportPkcs8PrivateKeyPem();
        });
        try
        {
            return new LocalKeys(LocalIssuer.FromPem(pem, installation, time), new Mac(Convert.FromBase64String(mac)), checkpoints, RestoredIn(folder));
        }
        catch (Exception e) when (e is ArgumentException or FormatException or CryptographicException)
        {
            throw new InvalidDataException($"A key in {folder} is damaged ({e.Message}) Restore it: without it open gates and tokens are void.", e);
        }
    }

    /// <summary>Says that the directory was restored from a copy just now.</summary>
    public static Incarnation Restored(string dataDirectory, TimeProvider time)
    {
        var incarnation = new Incarnation(time.GetUtcNow());
        var path = Path.Combine(dataDirectory, "keys", RestoredFile);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!); // it has a folder
        File.Delete(path);
        Keep(Path.GetDirectoryName(path)!, RestoredFile, incarnation.ToString);
        return incarnation;
    }

    public void Dispose() => Issuer.Dispose();

    private static Incarnation RestoredIn(string folder)
    {
        var path = Path.Combine(folder, RestoredFile);
        if (!File.Exists(path)) return Incarnation.First;
        return Incarnation.Parse(File.ReadAllText(path).Trim()) ?? throw new FormatException($"{RestoredFile} holds no time.");
    }

    /// <summary>The file's text; made, and made durable, when it is not there.</summary>
    private static string Keep(string folder, string name, Func<string> make)
    {
        var path = Path.Combine(folder, name);
        if (File.Exists(path)) return File.ReadAllText(path).Trim();
        var text = make();
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
        return text;
    }
}
