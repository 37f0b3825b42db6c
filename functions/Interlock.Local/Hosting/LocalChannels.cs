using Interlock.Core.Identity;
using Interlock.Core.Notices;

namespace Interlock.Local.Hosting;

/// <summary>The channels of the data directory's <c>channels.json</c>. It holds secrets: nobody but its owner may read it, and it is made so.</summary>
internal static class LocalChannels
{
    public const string FileName = "channels.json";

    /// <summary>The channels as the file has them; none without a file.</summary>
    /// <exception cref="InvalidDataException">The file is not in the shape of <see cref="NoticeChannels.Parse"/>; the message says where.</exception>
    public static NoticeChannels Load(string dataDirectory, bool allowLoopback)
    {
        var path = Path.Combine(dataDirectory, FileName);
        if (OwnerFile.Read(path) is not { } file) return NoticeChannels.None;
        try
        {
            return NoticeChannels.Parse(file, allowLoopback);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"{path}: {e.Message}", e);
        }
    }
}
