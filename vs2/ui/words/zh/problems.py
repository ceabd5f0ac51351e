"""程序库报告的问题：左边是英文句式（vs2/ui/said.py），右边是中文。"""

_ONE = "或者给出一个视频文件的路径"
_VIDEO = "mp4、mov、3gp、mkv、webm、avi、ts、mpg、flv、wmv 或 ogv 文件，或动态 gif、webp、png、avif"
_GIVE = ("an mp4, mov, 3gp, mkv, webm, avi, ts, mpg, flv, wmv or ogv file, or an animated gif, webp, png or avif")
_RATE = "for one of numbered pictures (png, jpg, webp, bmp or tiff) give their rate too, as --fps 24 or fps=24"
_RATE_SAID = "若是按编号命名的图片（png、jpg、webp、bmp 或 tiff），请同时给出帧率，例如 --fps 24 或 fps=24"

FORMS = {
    # 视频文件（vs2/video）
    "{name} does not exist at the path given: check the path.": "{name} 不在所给的路径上：请检查路径。",
    "{name} may not be opened by this program: change the file's permissions.":
        "本程序无权打开 {name}：请更改文件权限。",
    "{name} is no path that can be opened: check the path.": "{name} 不是可以打开的路径：请检查路径。",
    "{name} is a device or a pipe, not a file: save the video to a file first.":
        "{name} 是设备或管道，不是文件：请先把视频保存成文件。",
    "{name} is empty (0 bytes): download or export the video again.":
        "{name} 是空文件（0 字节）：请重新下载或导出视频。",
    "{name} is {size}, more than the limit of {most}: use a shorter clip or compress it.":
        "{name} 的大小为 {size}，超过 {most} 的上限：请使用更短的视频，或压缩后再试。",
    f"{{name}} is a folder: {_RATE}, or the path of one video file.": f"{{name}} 是文件夹：{_RATE_SAID}，{_ONE}。",
    f"{{name}} is a zip: {_RATE}, or the path of one video file.": f"{{name}} 是 zip 压缩包：{_RATE_SAID}，{_ONE}。",
    "{name} is a playlist that points to other files: give the video itself.":
        "{name} 是指向其他文件的播放列表：请给出视频文件本身。",
    f"{{name}} holds text, not video: give {_GIVE}.": f"{{name}} 是文本，不是视频：请使用 {_VIDEO}。",
    f"{{name}} is a still picture, not a video: give {_GIVE}.": f"{{name}} 是静态图片，不是视频：请使用 {_VIDEO}。",
    f"{{name}} is not a video of a known kind: give {_GIVE}.": f"{{name}} 不是已知格式的视频：请使用 {_VIDEO}。",
    "{name} is a video, which has its own frame rate: leave out fps, which is for a folder or a zip of pictures.":
        "{name} 是视频，自带帧率：请不要给出 fps，它只用于图片文件夹或图片压缩包。",
    "{name} is an address ({kind}:), not a file: download the video and give the path of your copy.":
        "{name} 是网址（{kind}:），不是文件：请先下载视频，再给出副本的路径。",
    "No path was given: give the path of one video file.": "没有给出路径：请给出一个视频文件的路径。",
    "fps is {value}: it must be a number from {least:f} to {most:f}.":
        "fps 为 {value}：必须是 {least} 到 {most} 之间的数字。",
    "{name} is {width:d} x {height:d} pixels, too narrow a strip to judge: crop it or pad it.":
        "{name} 的尺寸为 {width} x {height} 像素，太过狭长，无法评测：请裁剪或填充。",
    "{name} cannot be read as a video: convert it to an h264 mp4 and try that.":
        "{name} 无法作为视频读取：请转换成 h264 的 mp4 再试。",
    "{name} cannot be read: convert it to an h264 mp4 and try that.": "{name} 无法读取：请转换成 h264 的 mp4 再试。",
    "{name} is damaged or cut short, so it cannot be opened: download or export it again.":
        "{name} 已损坏或不完整，无法打开：请重新下载或导出。",
    "{name} has sound but no picture: give a file with video in it.":
        "{name} 只有声音，没有画面：请使用含有画面的文件。",
    "{name} has no frame that can be decoded: convert it to an h264 mp4 and try that.":
        "{name} 中没有可以解码的帧：请转换成 h264 的 mp4 再试。",
    "{name} runs for more than the limit of {seconds:f} s: cut out the part to judge.":
        "{name} 的时长超过 {seconds} 秒的上限：请截取要评测的部分。",
    "{name} is {width:d} x {height:d} pixels, more than the limit of {most:d} a side: scale it down.":
        "{name} 的尺寸为 {width} x {height} 像素，超过每边 {most} 像素的上限：请缩小后再试。",
    "{name} needs more than the {size} of memory that reading may take: scale the video down or convert it to an h264 "
    "mp4.": "读取 {name} 所需的内存超过 {size} 的上限：请缩小视频，或转换成 h264 的 mp4。",
    "{name} would grow above {size} when converted for the browser: use a shorter clip.":
        "{name} 转换成浏览器可播放的格式后会超过 {size}：请使用更短的视频。",
    "{name} took longer than {seconds:f} s to read: use a shorter or smaller clip, or convert it to an h264 mp4.":
        "读取 {name} 超过了 {seconds} 秒：请使用更短或更小的视频，或转换成 h264 的 mp4。",
    "{name} took more than {seconds:f} s of processor time to read: use a shorter or smaller clip.":
        "读取 {name} 占用处理器超过了 {seconds} 秒：请使用更短或更小的视频。",
    "The process that read {name} was stopped from outside, for lack of memory perhaps: try again, or use a smaller "
    "clip.": "读取 {name} 的进程被外部终止，可能是内存不足：请重试，或使用更小的视频。",
    "{name} makes the video decoder crash, so it is damaged: convert it to an h264 mp4 and try that.":
        "{name} 会使视频解码器崩溃，说明文件已损坏：请转换成 h264 的 mp4 再试。",
    "The process that reads videos did not start: try again, or restart the program when the machine is less busy.":
        "读取视频的进程没有启动：请重试，或在机器不忙时重新启动程序。",
    "The process that reads videos could not be started ({why}): close other programs and try again.":
        "读取视频的进程无法启动（{why}）：请关闭其他程序后再试。",
    # 图片压缩包
    "{name} holds no numbered pictures: give a folder or a zip of png, jpg, webp, bmp or tiff files such as "
    "frame_0001.png, or a video file.":
        "{name} 中没有按编号命名的图片：请给出 png、jpg、webp、"
        "bmp 或 tiff 图片（如 frame_0001.png）的文件夹或压缩包，或视频文件。",
    "{name} holds pictures of more than one series ({one} and {other}, say): put each series into a folder or a zip of "
    "its own.": "{name} 中有不止一组图片（例如 {one} 和 {other}）：请把每组图片放进单独的文件夹或压缩包。",
    "{one} and {other} in {name} have the same number: keep one of them.":
        "{name} 中的 {one} 和 {other} 编号相同：请只保留其中一个。",
    "{name} holds {count:d} pictures, more than the limit of {most:d}: take out the part to judge.":
        "{name} 中有 {count} 张图片，超过 {most} 张的上限：请只保留要评测的部分。",
    "{name} holds more than {most:d} files: put the pictures into a folder or a zip of their own.":
        "{name} 中的文件超过 {most} 个：请把图片放进单独的文件夹或压缩包。",
    "{name} is a link that leads out of it, or no regular file: put the picture itself there.":
        "{name} 是指向外部的链接，或不是普通文件：请放入图片本身。",
    "{name} is named by a path that leads out of the zip: pack the pictures again.":
        "{name} 的路径指向压缩包之外：请重新打包图片。",
    "{name} is encrypted: pack it without a password.": "{name} 已加密：请不加密码重新打包。",
    "{name} is packed by an uncommon method: pack it with plain deflate.":
        "{name} 使用了不常见的压缩方法：请用普通的 deflate 打包。",
    "{name} is more than the limit of {most}: scale the pictures down.": "{name} 超过 {most} 的上限：请缩小图片。",
    "The pictures in {name} are more than {most} together: take out the part to judge, or scale them down.":
        "{name} 中的图片总共超过 {most}：请只保留要评测的部分，或缩小图片。",
    "{name} is damaged, so it cannot be opened as a zip: pack it again.":
        "{name} 已损坏，无法作为压缩包打开：请重新打包。",
    "{name} cannot be read as a picture: make it again as an 8-bit PNG.":
        "{name} 无法作为图片读取：请重新导出为 8 位 PNG。",
    "{name} is {width:d} x {height:d} pixels and those before it are {size}: give pictures of one size.":
        "{name} 的尺寸为 {width} x {height} 像素，而之前的图片为 {size}：请使用尺寸一致的图片。",
    # 提示词、选项、规则
    "The prompt is empty: give the text that the video was made from.": "提示词为空：请填写生成该视频所用的文字。",
    "The prompt is empty: say what the video should show.": "提示词为空：请写出视频应表现的内容。",
    "The prompt has {count:d} characters: shorten it to {most:d} or fewer.":
        "提示词有 {count} 个字符：请缩短到 {most} 个以内。",
    "The prompt is {value}, which is no text: give the text that the video was made from.":
        "提示词 {value} 不是文字：请填写生成该视频所用的文字。",
    "{name} is {value}: it must be a whole number from {least:d} to {most:d}, or left out.":
        "{name} 为 {value}：必须是 {least} 到 {most} 的整数，或者不填。",
    "{name} is {value}: it must be a whole number from {least:d} to {most:d}.":
        "{name} 为 {value}：必须是 {least} 到 {most} 之间的整数。",
    "{name} is {value}: it must be a number from {least:f} to {most:f}.":
        "{name} 为 {value}：必须是 {least} 到 {most} 之间的数字。",
    "{name} is {value}: it must be a number above 0 and at most {most:f}.":
        "{name} 为 {value}：必须是大于 0 且不超过 {most} 的数字。",
    "{name} is {value}: it must be true or false.": "{name} 为 {value}：必须是 true 或 false。",
    "{name} is {value}: it must be a whole number.": "{name} 为 {value}：必须是整数。",
    "{name} is {value}: it must be a number.": "{name} 为 {value}：必须是数字。",
    "{name} is {value}: it must be text.": "{name} 为 {value}：必须是文字。",
    "Every weight is 0: give at least one dimension a weight above 0.":
        "所有权重都是 0：请至少让一个维度的权重大于 0。",
    "The weight of {name} is {said}: give a number, 0 or more.": "{name} 的权重是 {said}：请填写不小于 0 的数字。",
    "The weight of {name} is {number:f}: give 0 or more.": "{name} 的权重是 {number}：请填写不小于 0 的数字。",
    "There is no rule {rule}: take one of {names}, or weights of the dimensions.":
        "没有 {rule} 这个规则：请使用 {names} 之一，或给出各维度的权重。",
    "seed is {seed}: {count:d} seeds from there on go beyond {most:d}.":
        "随机种子为 {seed}：从它开始的 {count} 个种子会超过 {most}。",
    "size is {size}: give width and height, whole numbers of pixels from {least:d} to {most:d}.":
        "尺寸为 {size}：请给出宽和高，均为 {least} 到 {most} 之间的整数像素。",
    # 评审模型
    "The judgement was stopped before it had scores.": "评测在得出分数之前已被停止。",
    "Memory ran out even on much smaller frames: take --precision 4bit, fewer samples or a shorter clip, or the "
    "built-in judge with --model mini.":
        "即使大幅缩小画面，内存仍然不足：请使用 --precision 4bit、减少采样次数或缩短视频，"
        "或用 --model mini 换成内置评审模型。",
    "The judge's arithmetic overflowed on this clip, so that it has no scores: take another precision, such as "
    "--precision fp32.": "评审模型在该视频上计算溢出，因此没有分数：请换一种精度，例如 --precision fp32。",
    "The model could not be loaded: {why}.": "模型无法加载：{why}。",
    # 历史记录与复核
    "The judged file was changed while it was stored: judge it again.": "保存时，被评测的文件发生了改动：请重新评测。",
    "The judged file can no longer be read, so it cannot be kept: upload it again.":
        "被评测的文件已无法读取，因此不能保存：请重新上传。",
    "Another program has been writing the database of evaluations for too long: try again.":
        "另一个程序写评测数据库的时间过长：请重试。",
    "The database of evaluations cannot be used ({why}): check the disk of the folder VS2_HOME.":
        "评测数据库无法使用（{why}）：请检查 VS2_HOME 文件夹所在的磁盘。",
    "There is no such evaluation to review, it may have been deleted: open another one.":
        "没有这个可供复核的评测，它可能已被删除：请打开另一个。",
    "The review is of another judgement than the one it was sent for: open the evaluation again and review that.":
        "这份复核针对的不是当前的评测：请重新打开该评测再复核。",
    "The reviews cannot be written ({why}): free some disk space.": "无法写入复核（{why}）：请释放一些磁盘空间。",
    # 表格
    "{name} has {count:d} files, more than {most:d}: split it.": "{name} 有 {count} 个文件，超过 {most} 个：请拆分。",
    "{name} holds {count:d} tables ({names}): put exactly one in it, beside the clips.":
        "{name} 中有 {count} 个表格（{names}）：请只放一个表格，与视频放在一起。",
    "{name} is named by an absolute path: give its path inside the zip.":
        "{name} 用了绝对路径：请写它在压缩包内的路径。",
    "{name} lies outside the zip: give a path inside it.": "{name} 在压缩包之外：请写压缩包内的路径。",
    "{name} is not in the zip: check its path, which is relative to the table.":
        "{name} 不在压缩包中：请检查它相对于表格的路径。",
    "{name} is in the zip {count:d} times: pack it again, once.":
        "{name} 在压缩包中出现了 {count} 次：请重新打包，只放一次。",
    "{name} is a link or a device in the zip: pack the file itself.": "{name} 在压缩包中是链接或设备：请打包文件本身。",
    "{name} is {size:d} MB, more than the limit of {most:d} MB: use a shorter clip or compress it.":
        "{name} 的大小为 {size} MB，超过 {most} MB 的上限：请使用更短的视频，或压缩后再试。",
    "{name} is damaged in the zip ({why}): pack it again.": "{name} 在压缩包中已损坏（{why}）：请重新打包。",
    "{name} is no zip that can be read ({why}): pack it again.": "{name} 不是可以读取的 zip（{why}）：请重新打包。",
    "{name} is no table that can be read: give a {kinds}, or a .zip with one and its clips.":
        "{name} 不是可以读取的表格：请使用 {kinds}，或包含表格及其视频的 .zip。",
    "The table {name} is larger than {most:d} MB: split it.": "表格 {name} 超过 {most} MB：请拆分。",
    "The table {name} has no rows: write one video and its prompt a row.":
        "表格 {name} 没有数据行：请每行写一个视频及其提示词。",
    "The table {name} is not UTF-8 text: save it as UTF-8 (\"CSV UTF-8\" in a spreadsheet).":
        "表格 {name} 不是 UTF-8 文本：请另存为 UTF-8（电子表格中的“CSV UTF-8”）。",
    "The table {name} has more than {most:d} rows: split it.": "表格 {name} 超过 {most} 行：请拆分。",
    "The table {name} has more than {most:d} cells: leave columns out, or split it.":
        "表格 {name} 超过 {most} 个单元格：请删去一些列，或拆分。",
    "The table {name} has {count:d} columns, more than {most:d}: leave out what is not needed.":
        "表格 {name} 有 {count} 列，超过 {most} 列：请删去不需要的列。",
    "The table {name} has no column `{column}`: its first line names `video` and `prompt`.":
        "表格 {name} 没有 `{column}` 列：第一行须写明 `video` 和 `prompt`。",
    "The table {name} has two columns {column}: rename one.": "表格 {name} 有两列都叫 {column}：请改掉其中一个。",
    "The table {name} is no CSV at line {line:d} ({why}): check its quotes.":
        "表格 {name} 的第 {line} 行不是有效的 CSV（{why}）：请检查引号。",
    "The table {name} holds no rows: write an array of objects with video and prompt.":
        "表格 {name} 没有数据行：请写成由含 video 和 prompt 的对象组成的数组。",
    "The table {name} is not JSON ({why}): write an array of objects with video and prompt.":
        "表格 {name} 不是 JSON（{why}）：请写成由含 video 和 prompt 的对象组成的数组。",
    "The table {name} is nested too deep: write an array of objects with video and prompt.":
        "表格 {name} 嵌套过深：请写成由含 video 和 prompt 的对象组成的数组。",
    "The table {name} takes too much time or memory to read: split it, or save it as CSV.":
        "读取表格 {name} 耗费的时间或内存过多：请拆分，或另存为 CSV。",
    "The table {name} is no Parquet file that can be read: save it again, or as CSV.":
        "表格 {name} 不是可以读取的 Parquet 文件：请重新保存，或另存为 CSV。",
    "{name} lies on another machine ({host}): give the path of a copy here.":
        "{name} 在另一台机器上（{host}）：请给出本机副本的路径。",
    "{name} is named by a path of Windows: give one that is relative to the table.":
        "{name} 用了 Windows 路径：请写相对于表格的路径。",
    "The row's fps is {value}: it must be a number such as 24.": "该行的 fps 为 {value}：必须是数字，例如 24。",
    "The row names no video: give the path of its file.": "该行没有写视频：请写出视频文件的路径。",
    "{name} is no address of a file: give its path.": "{name} 不是文件地址：请写出它的路径。",
    "The row's {column} is no text: write it in quotes.": "该行的 {column} 不是文字：请加上引号。",
    # 对决（vs2/duels）
    "There is no clip: add clips by two or more generators.": "还没有视频：请添加两个或更多生成器的视频。",
    "A zip comes alone: put the table and the clips into it, or add them without it.":
        "zip 须单独添加：请把表格和视频放进去，或不用 zip 直接添加。",
    "None of the clips can take part.{why:more}": "没有可以参加的视频。{why}",
    "There are {count:d} clips: a duel takes at most {most:d}.": "有 {count} 个视频：一次对决最多 {most} 个。",
    "There is one clip that can take part: add clips by two or more generators.{why:more}":
        "只有一个视频可以参加：请添加两个或更多生成器的视频。{why}",
    "All clips are by one generator, {name}: add another one's clips of the same prompts, or say otherwise what the "
    "names tell.{why:more}":
        "所有视频都出自同一个生成器 {name}：请添加另一个生成器在相同提示词下的视频，或更改文件名的含义。{why}",
    "The clips are by {count:d} generators: a duel takes at most {most:d}.":
        "视频出自 {count} 个生成器：一次对决最多 {most} 个。",
    "No prompt has clips by two generators: name the clips of one prompt alike, or say otherwise what the names "
    "tell.{why:more}": "没有哪条提示词有两个生成器的视频：请让同一提示词的视频同名，或更改文件名的含义。{why}",
    "The clips have {size:d} MB together, more than {most:d} MB: make two duels of them, or shorten the clips.":
        "视频共 {size} MB，超过 {most} MB：请分成两次对决，或缩短视频。",
    "There are {count:d} tables among the files: add exactly one, or none.":
        "文件中有 {count} 个表格：请只添加一个，或不加表格。",
    "The table has no column generator: name the one that says who made each clip so.":
        "表格没有 generator 列：请把说明各视频出自谁手的那一列命名为 generator。",
    "{name} does not tell its prompt: name it by it.": "从 {name} 看不出提示词：请用提示词命名。",
    "{name} does not tell its generator: write it into the column or the folder.":
        "从 {name} 看不出生成器：请写在列中，或用作文件夹名。",
    "{name} was not added: add it beside the table.": "{name} 没有添加：请和表格一起添加。",
    "{name} was added {count:d} times: give its folder in the table, too.":
        "{name} 添加了 {count} 次：请在表格中一并写出它的文件夹。",
    "Its generator is no text: write it in quotes.": "它的 generator 不是文字：请加上引号。",
    "{name} is no file of results that can be read: give a .csv, .tsv, .jsonl or .json of vs2 batch.":
        "{name} 不是可以读取的结果文件：请使用 vs2 batch 生成的 .csv、.tsv、.jsonl 或 .json。",
    "The results {name} are larger than {most:d} MB: split the file.": "结果文件 {name} 超过 {most} MB：请拆分。",
    "{name} holds no results: it needs the columns video, prompt, model and scores, as vs2 batch writes them.":
        "{name} 中没有结果：须有 video、prompt、model 列和分数列，即 vs2 batch 写出的格式。",
    "This browser keeps no data for pages, so votes cannot be kept: allow it to this page.":
        "此浏览器不为网页保留数据，因此无法保存投票：请允许本页保留数据。",
    "You have {count:d} duels already: delete one before you start another.":
        "您已有 {count} 场对决：请先删除一场再开始新的。",
    "A clip is larger than all clips that are kept here may be: shorten it.":
        "有一个视频比这里允许保存的全部视频还大：请缩短它。",
    "This duel has {count:d} votes: export them, and start a new one.": "此对决已有 {count} 票：请导出后开始新的对决。",
    # 守卫（vs2/ui/guard）
    "The request is larger than {most}: upload files one by one, and send the rest in smaller parts.":
        "请求超过 {most}：请逐个上传文件，其余内容分成小块发送。",
    "Too much is being sent to this app at the moment: try again in a minute.":
        "目前发送到本应用的内容过多：请一分钟后再试。",
    "The request took too long to come: send it again.": "请求传送的时间过长：请重新发送。",
    "There is no such session: load the page again.": "没有这个会话：请重新加载页面。",
    "There is no such function on this page: load the page again.": "本页没有这个功能：请重新加载页面。",
    "Too many requests of yours are open: close other windows of this app, or wait for them to end.":
        "您打开的请求过多：请关闭本应用的其他窗口，或等它们结束。",
    "{count:d} requests of your address run or wait already: wait for one of them to end.":
        "您的地址已有 {count} 个请求正在运行或等待：请等其中一个结束。",
    "This app is busy with {count:d} other requests: try again in a minute.":
        "本应用正在处理另外 {count} 个请求：请一分钟后再试。",
    "This app is busy with {count:d} other requests of this kind: try again in a minute.":
        "本应用正在处理另外 {count} 个同类请求：请一分钟后再试。",
    "{count:d} requests of this kind run for you already: try again when one of them has ended.":
        "您已有 {count} 个同类请求正在运行：请等其中一个结束后再试。",
    "The upload is larger than {most}: send the files one by one, or a smaller one.":
        "上传的内容超过 {most}：请逐个上传，或换一个更小的文件。",
    "{most} were uploaded from your address within a day, which is the most: try again tomorrow, or judge the files "
    "with `vs2 score` on your own machine.":
        "您的地址在一天内已上传 {most}，达到上限：请明天再试，或在自己的机器上用 `vs2 score` 评测。",
    "There is no room left on the server for this file: try again later, or send a smaller one.":
        "服务器上没有空间存放该文件：请稍后再试，或换一个更小的文件。",
    "The upload was cut off.": "上传中断。",
    "A value in the request does not fit its input: see the page about the API, or load the page again.":
        "请求中有一个值不符合其输入：请查看 API 说明页，或重新加载页面。",
}
